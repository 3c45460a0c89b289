// Reads PNG of every kind, and writes RGB.

#ifndef DATA_IMAGE_PNG_H_
#define DATA_IMAGE_PNG_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "data/image/orientation.h"

namespace vitrine {

// Of 16-bit samples the high byte is taken; transparency is dropped; colour profiles and gamma are
// not applied.
class PngDecoder {
 public:
  // Reads the header. `bytes` must stay as long as the decoder. DataLoss if they are no PNG.
  static absl::StatusOr<PngDecoder> Open(std::string_view bytes);

  // As stored, before orientation.
  int width() const { return width_; }
  int height() const { return height_; }
  Orientation orientation() const;

  // DataLoss if the pixels are damaged or cut short, or other chunks so that Pillow or libpng
  // refuses them.
  absl::Status Decode(Image* image);

  // What Decode found wrong although it made a picture of it; empty: nothing.
  const std::string& damage() const { return damage_; }

 private:
  PngDecoder(std::string_view bytes, int width, int height)
      : bytes_(bytes), width_(width), height_(height) {}

  std::string_view bytes_;
  int width_;
  int height_;
  std::string damage_;
};

std::string EncodePng(const Image& image);

}  // namespace vitrine

#endif  // DATA_IMAGE_PNG_H_
