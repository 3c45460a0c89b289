// Any bytes are a picture or an error. An input is an image file; the bytes behind its end, which
// decoders ignore, choose the box.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "data/image/decode.h"
#include "glog/logging.h"
#include "lodepng.h"

namespace vitrine {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 18;  // so that none takes long

// The last bytes: x, y, width and height in parts of the picture, then the target's sides.
using Choice = std::array<uint8_t, 6>;

Choice ChoiceOf(std::string_view bytes) {
  Choice choice = {};
  for (size_t i = 0; i < std::min(choice.size(), bytes.size()); ++i) {
    choice[i] = static_cast<uint8_t>(bytes[bytes.size() - 1 - i]);
  }
  return choice;
}

Box BoxOf(const Choice& choice, Size size) {
  Box box;
  box.x = choice[0] * (size.width - 1) / 255;
  box.y = choice[1] * (size.height - 1) / 255;
  box.width = 1 + choice[2] * (size.width - box.x - 1) / 255;
  box.height = 1 + choice[3] * (size.height - box.y - 1) / 255;
  return box;
}

void CheckSize(const Image& image) {
  CHECK_EQ(image.pixels.size(), size_t{3} * image.width * image.height);
}

void DecodeWhole(std::string_view bytes) {
  absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(bytes, {.most_pixels = kMostPixels});
  Image image;
  if (!encoded.ok() || !encoded->Decode(&image).ok()) return;
  CheckSize(image);
  CHECK_EQ(image.width, encoded->width());
  CHECK_EQ(image.height, encoded->height());
}

void DecodeBox(std::string_view bytes) {
  absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(bytes, {.most_pixels = kMostPixels});
  if (!encoded.ok()) return;
  const Choice choice = ChoiceOf(bytes);
  const Box box = BoxOf(choice, {encoded->width(), encoded->height()});
  const Size target = {1 + choice[4], 1 + choice[5]};
  Image image;
  const absl::StatusOr<Region> region = encoded->Decode(box, target, &image);
  if (!region.ok()) return;
  CheckSize(image);
  CHECK(region->x >= 0 && region->x + region->width <= image.width);
  CHECK(region->y >= 0 && region->y + region->height <= image.height);
}

// A PNG whose chunks have the right checksums, which hardly any mutation leaves; others as they
// are.
std::string WithChecksums(std::string bytes) {
  constexpr size_t kSignature = 8, kLeastChunk = 12;
  auto* data = reinterpret_cast<unsigned char*>(bytes.data());
  for (size_t at = kSignature; at + kLeastChunk <= bytes.size();) {
    const size_t length = lodepng_chunk_length(data + at);
    if (length > bytes.size() - at - kLeastChunk) break;
    lodepng_chunk_generate_crc(data + at);
    at += kLeastChunk + length;
  }
  return bytes;
}

void Run(std::string_view bytes) {
  DecodeWhole(bytes);
  DecodeBox(bytes);
}

}  // namespace
}  // namespace vitrine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  vitrine::Run(bytes);
  if (bytes.starts_with("\x89PNG")) vitrine::Run(vitrine::WithChecksums(bytes));
  return 0;
}
