#include "data/image/decode.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/image/grey.h"
#include "data/image/other_formats.h"
#include "data/image/png_chunks.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr std::string_view kJpegStart = "\xff\xd8\xff";

absl::StatusOr<std::variant<JpegDecoder, PngDecoder>> OpenDecoder(std::string_view bytes) {
  if (absl::StartsWith(bytes, kJpegStart)) return JpegDecoder::Open(bytes);
  if (absl::StartsWith(bytes, kPngStart)) return PngDecoder::Open(bytes);
  return NeitherJpegNorPng(bytes);
}

// By how much each side can be divided so that the box keeps the target's pixels.
int Shrink(const Box& box, Size target) {
  int shrink = 8;
  while (shrink > 1 && (box.width < shrink * target.width || box.height < shrink * target.height)) {
    shrink /= 2;
  }
  return shrink;
}

// The pixels of a picture divided by `shrink` that hold the box.
Box Shrunk(const Box& box, int shrink) {
  const int x = box.x / shrink, y = box.y / shrink;
  const int right = (box.x + box.width - 1) / shrink + 1;
  const int bottom = (box.y + box.height - 1) / shrink + 1;
  return {x, y, right - x, bottom - y};
}

}  // namespace

EncodedImage::EncodedImage(Decoder decoder, const DecodeOptions& options)
    : decoder_(std::move(decoder)),
      options_(options),
      orientation_(std::visit([](const auto& d) { return d.orientation(); }, decoder_)),
      size_(std::visit(
          [](const auto& d) {
            return Size{d.width(), d.height()};
          },
          decoder_)) {
  if (SwapsSides(orientation_)) std::swap(size_.width, size_.height);
}

absl::StatusOr<EncodedImage> EncodedImage::Open(std::string_view bytes,
                                                const DecodeOptions& options) {
  ASSIGN_OR_RETURN(Decoder decoder, OpenDecoder(bytes));
  EncodedImage image(std::move(decoder), options);
  if (int64_t{1} * image.width() * image.height() > options.most_pixels) {
    return absl::InvalidArgumentError(absl::StrCat("a picture of ", image.width(), " x ",
                                                   image.height(), " pixels, more than the ",
                                                   options.most_pixels, " that are allowed"));
  }
  return image;
}

absl::StatusOr<Region> EncodedImage::Decode(const Box& box, Size target, Image* image) {
  CHECK(IsWithin(box, size_)) << "the box is not within the picture";
  auto* jpeg = std::get_if<JpegDecoder>(&decoder_);
  if (jpeg == nullptr || orientation_ != Orientation::kTopLeft) {
    RETURN_IF_ERROR(Decode(image));
    return Region{1.0 * box.x, 1.0 * box.y, 1.0 * box.width, 1.0 * box.height};
  }
  const int shrink = Shrink(box, target);
  const Box shrunk = Shrunk(box, shrink);
  RETURN_IF_ERROR(jpeg->Decode(shrunk, shrink, image));
  if (options_.grey) MakeGrey(image);
  const double scale = 1.0 / shrink;  // exact
  return Region{box.x * scale - shrunk.x, box.y * scale - shrunk.y, box.width * scale,
                box.height * scale};
}

absl::Status EncodedImage::Decode(Image* image) {
  if (auto* jpeg = std::get_if<JpegDecoder>(&decoder_)) {
    RETURN_IF_ERROR(jpeg->Decode({0, 0, jpeg->width(), jpeg->height()}, 1, image));
  } else {
    RETURN_IF_ERROR(std::get<PngDecoder>(decoder_).Decode(image));
  }
  if (options_.grey) MakeGrey(image);
  Orient(orientation_, image);
  return absl::OkStatus();
}

std::string EncodedImage::damage() const {
  return std::visit([](const auto& d) { return std::string(d.damage()); }, decoder_);
}

}  // namespace vitrine
