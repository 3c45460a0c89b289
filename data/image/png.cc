#include "data/image/png.h"

#include <climits>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "lodepng.h"

namespace vitrine {
namespace {

constexpr int kMostBytesOfPixel = 8;  // red, green, blue and opacity of 16 bits
constexpr size_t kSmallPasses = 1024;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::Status Damaged(unsigned error) {
  return absl::DataLossError(absl::StrCat("a damaged PNG (", lodepng_error_text(error), ")"));
}

}  // namespace

absl::StatusOr<PngDecoder> PngDecoder::Open(std::string_view bytes) {
  lodepng::State state;
  unsigned width = 0, height = 0;
  const unsigned error = lodepng_inspect(&width, &height, &state, Bytes(bytes), bytes.size());
  if (error != 0) return Damaged(error);
  if (width > INT_MAX || height > INT_MAX) {
    return absl::DataLossError("a damaged PNG (no picture is that large)");
  }
  return PngDecoder(bytes, static_cast<int>(width), static_cast<int>(height));
}

Orientation PngDecoder::orientation() const {
  const unsigned char* begin = Bytes(bytes_) + 8;  // behind the signature
  const unsigned char* end = Bytes(bytes_) + bytes_.size();
  const unsigned char* chunk = lodepng_chunk_find_const(begin, end, "eXIf");
  if (chunk == nullptr) return Orientation::kTopLeft;
  const size_t size = lodepng_chunk_length(chunk);
  const unsigned char* data = lodepng_chunk_data_const(chunk);
  if (size > static_cast<size_t>(end - data)) return Orientation::kTopLeft;
  return ReadOrientation({reinterpret_cast<const char*>(data), size});
}

absl::Status PngDecoder::Decode(Image* image) const {
  lodepng::State state;
  state.info_raw.colortype = LCT_RGB;
  state.info_raw.bitdepth = 8;
  // No bombs: texts are left packed, and of pixels no more is unpacked than the largest kind has,
  // with the byte before each row that tells its filter. Interlaced pictures have up to twice the
  // rows.
  state.decoder.read_text_chunks = 0;
  state.decoder.zlibsettings.max_output_size =
      size_t{2} * (size_t{kMostBytesOfPixel} * width_ + 1) * height_ + kSmallPasses;
  unsigned char* pixels = nullptr;
  unsigned width = 0, height = 0;
  const unsigned error =
      lodepng_decode(&pixels, &width, &height, &state, Bytes(bytes_), bytes_.size());
  if (error == 0) {
    image->Resize(width_, height_);
    std::memcpy(image->pixels.data(), pixels, image->pixels.size());
  }
  std::free(pixels);
  return error == 0 ? absl::OkStatus() : Damaged(error);
}

std::string EncodePng(const Image& image) {
  std::vector<unsigned char> bytes;
  const unsigned error =
      lodepng::encode(bytes, image.pixels, image.width, image.height, LCT_RGB, 8);
  CHECK_EQ(error, 0u) << lodepng_error_text(error);
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace vitrine
