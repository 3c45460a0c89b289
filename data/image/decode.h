// From the bytes of an image file to pixels.
//
//   ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(bytes));
//   const Box box = ...;  // within encoded.width() x encoded.height()
//   Image image;
//   ASSIGN_OR_RETURN(const Region region, encoded.Decode(box, {224, 224}, &image));
//   Resample(image, region, {224, 224}, Filter::kBilinear, &resized);

#ifndef DATA_IMAGE_DECODE_H_
#define DATA_IMAGE_DECODE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "data/image/jpeg.h"
#include "data/image/orientation.h"
#include "data/image/png.h"

namespace vitrine {

// More pixels than this are taken for an attack: a file of a few kilobytes can ask for gigabytes.
constexpr int64_t kMostPixels = int64_t{1} << 27;

struct DecodeOptions {
  int64_t most_pixels = kMostPixels;
  bool grey = false;  // three equal values for each pixel: MakeGrey
};

// A JPEG or PNG, which is found out by its first bytes, not by its name. What comes out is as the
// picture is shown, turned as its Exif or XMP orientation says.
class EncodedImage {
 public:
  // Reads the header. `bytes` must stay as long as the object. Errors say what is wrong, and leave
  // it to the caller to say of which file:
  //   InvalidArgument  no image of a kind that is read, or one of too many pixels
  //   DataLoss         damaged
  static absl::StatusOr<EncodedImage> Open(std::string_view bytes,
                                           const DecodeOptions& options = {});

  int width() const { return size_.width; }
  int height() const { return size_.height; }

  // Decodes the box for an image of `target` that is to be made of it: a JPEG may come out smaller
  // by 2, 4 or 8, but with at least the target's pixels along each side, so that nothing is lost
  // that resampling would keep. Returns the place of the box in `image`. May be called once.
  // DataLoss if the data is damaged so that Pillow or torchvision refuses it.
  absl::StatusOr<Region> Decode(const Box& box, Size target, Image* image);

  // The whole picture in full. May be called once.
  absl::Status Decode(Image* image);

  // What Decode found wrong with the file although it made a picture of it, the one that Pillow and
  // torchvision make; empty: nothing.
  std::string damage() const;

 private:
  using Decoder = std::variant<JpegDecoder, PngDecoder>;

  EncodedImage(Decoder decoder, const DecodeOptions& options);

  Decoder decoder_;
  DecodeOptions options_;
  Orientation orientation_;
  Size size_;  // as shown
};

}  // namespace vitrine

#endif  // DATA_IMAGE_DECODE_H_
