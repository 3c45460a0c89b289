// Reads JPEG: the whole picture or a part of it, at full size or smaller.
//
//   ASSIGN_OR_RETURN(JpegDecoder decoder, JpegDecoder::Open(bytes));
//   RETURN_IF_ERROR(decoder.Decode({.x = 10, .y = 20, .width = 300, .height = 200}, 1, &image));

#ifndef DATA_IMAGE_JPEG_H_
#define DATA_IMAGE_JPEG_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "data/image/orientation.h"

namespace vitrine {

// Grey, YCbCr, RGB, CMYK and YCCK all become RGB; four colours are taken as Adobe writes them,
// which is inverted. Colour profiles are not applied. Pixels are those of libjpeg's accurate
// integer DCT and its smooth ("fancy") upsampling, which Pillow and torchvision use too.
class JpegDecoder {
 public:
  // Reads the header. `bytes` must stay as long as the decoder. DataLoss if they are no JPEG, or
  // one whose end is missing.
  static absl::StatusOr<JpegDecoder> Open(std::string_view bytes);

  JpegDecoder(JpegDecoder&&);
  JpegDecoder& operator=(JpegDecoder&&);
  ~JpegDecoder();

  // As stored, before orientation.
  int width() const;
  int height() const;
  Orientation orientation() const;

  // `shrink` is 1, 2, 4 or 8: the picture has 1/shrink of its sides, rounded up, and the box is in
  // its pixels. Each of those stands for shrink x shrink stored ones. The pixels of the box are the
  // same as those of the whole picture, but only what they need is computed. May be called once.
  // DataLoss if the data is damaged so that Pillow or torchvision does not read it either, or that
  // they make different pixels of it.
  absl::Status Decode(const Box& box, int shrink, Image* image);

  // What Decode found wrong although it made a picture of it; empty: nothing. What lies below the
  // box is looked at only if something was wrong before, or if the picture is progressive.
  std::string damage() const;

 private:
  struct State;

  explicit JpegDecoder(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// Baseline, without subsampling of colours. `quality` is libjpeg's, 1 to 100.
std::string EncodeJpeg(const Image& image, int quality);

}  // namespace vitrine

#endif  // DATA_IMAGE_JPEG_H_
