#include "data/image/png.h"

#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "data/image/png_chunks.h"
#include "data/image/png_repair.h"
#include "data/image/png_scanlines.h"
#include "data/image/png_text.h"
#include "glog/logging.h"
#include "lodepng.h"

namespace vitrine {
namespace {

constexpr int kMostBytesOfPixel = 8;  // red, green, blue and opacity of 16 bits
constexpr size_t kSmallPasses = 1024;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string DamageText(unsigned error) {
  return absl::StrCat("a damaged PNG (", lodepng_error_text(error), ")");
}

// The pixels of a PNG as RGB of 8 bits. Returns lodepng's error, 0 for none.
unsigned DecodeRgb(std::string_view png, lodepng::State* state, Image* image) {
  state->info_raw.colortype = LCT_RGB;
  state->info_raw.bitdepth = 8;
  unsigned char* pixels = nullptr;
  unsigned width = 0, height = 0;
  const unsigned error = lodepng_decode(&pixels, &width, &height, state, Bytes(png), png.size());
  if (error == 0) {
    image->Resize(static_cast<int>(width), static_cast<int>(height));
    std::memcpy(image->pixels.data(), pixels, image->pixels.size());
  }
  std::free(pixels);
  return error;
}

// Of a file without damage.
unsigned DecodeStrictly(std::string_view png, int width, int height, Image* image) {
  lodepng::State state;
  // No bombs: texts are left packed, and of pixels no more is unpacked than the largest kind has,
  // with the byte before each row that tells its filter. Interlaced pictures have up to twice the
  // rows.
  state.decoder.read_text_chunks = 0;
  state.decoder.zlibsettings.max_output_size =
      size_t{2} * (size_t{kMostBytesOfPixel} * width + 1) * height + kSmallPasses;
  return DecodeRgb(png, &state, image);
}

// Of a file whose image data may be longer than needed.
unsigned DecodeRepaired(const RepairedPng& png, Image* image) {
  lodepng::State state;
  unsigned width = 0, height = 0;
  const unsigned error =
      lodepng_inspect(&width, &height, &state, Bytes(png.bytes), png.bytes.size());
  if (error != 0) return error;
  const ScanlineStream stream = {ScanlineBytes(width, height, state.info_png), png.breaks};
  state.decoder.zlibsettings.custom_zlib = UnpackScanlines;
  state.decoder.zlibsettings.custom_context = &stream;
  return DecodeRgb(png.bytes, &state, image);
}

// The Exif block in a text that ImageMagick writes: a name and a size, a line each behind an empty
// one, and hexadecimal digits.
std::string ExifOfRawProfile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    if (end == text.npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string digits;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isspace(byte)) continue;
    if (!absl::ascii_isxdigit(byte)) return "";
    digits.push_back(c);
  }
  digits.resize(digits.size() / 2 * 2);
  return absl::HexStringToBytes(digits);
}

}  // namespace

absl::StatusOr<PngDecoder> PngDecoder::Open(std::string_view bytes) {
  lodepng::State state;
  unsigned width = 0, height = 0;
  const unsigned error = lodepng_inspect(&width, &height, &state, Bytes(bytes), bytes.size());
  if (error != 0) return absl::DataLossError(DamageText(error));
  if (width > INT_MAX || height > INT_MAX) {
    return absl::DataLossError("a damaged PNG (no picture is that large)");
  }
  return PngDecoder(bytes, static_cast<int>(width), static_cast<int>(height));
}

// Of chunks that say the same the last one counts, wherever it is.
Orientation PngDecoder::orientation() const {
  constexpr std::string_view kRawProfile = "Raw profile type exif", kXmp = "XML:com.adobe.xmp";
  std::optional<PngChunk> exif, raw_profile, xmp;
  PngChunks chunks(bytes_);
  while (const std::optional<PngChunk> chunk = chunks.Next()) {
    if (chunk->type == "eXIf") exif = chunk;
    if (IsPngText(*chunk, kRawProfile)) raw_profile = chunk;
    if (IsPngText(*chunk, kXmp)) xmp = chunk;
  }
  const std::string exif_block = exif          ? absl::StrCat(kExifStart, exif->data)
                                 : raw_profile ? ExifOfRawProfile(PngText(*raw_profile))
                                               : "";
  return ReadOrientation(exif_block, xmp ? PngText(*xmp) : "");
}

absl::Status PngDecoder::Decode(Image* image) {
  const unsigned error = DecodeStrictly(bytes_, width_, height_, image);
  if (error == 0) return absl::OkStatus();
  const std::optional<RepairedPng> repaired = WithoutHarmlessDamage(bytes_);
  if (!repaired || DecodeRepaired(*repaired, image) != 0) {
    return absl::DataLossError(DamageText(error));
  }
  damage_ = DamageText(error);
  return absl::OkStatus();
}

std::string EncodePng(const Image& image) {
  std::vector<unsigned char> bytes;
  const unsigned error =
      lodepng::encode(bytes, image.pixels, image.width, image.height, LCT_RGB, 8);
  CHECK_EQ(error, 0u) << lodepng_error_text(error);
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace vitrine
