#include "data/image/png_scanlines.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "libdeflate.h"

namespace vitrine {
namespace {

constexpr size_t kHeader = 2, kChecksum = 4;  // bytes

// Deflate hardly expands by more: a match copies 258 bytes at most and costs two bits at least.
constexpr size_t kMaxRatio = 1032;

// When libdeflate runs out of space, it has written all but its last item, which is a stored block
// of up to 65,535 bytes, or less.
constexpr size_t kSlack = size_t{1} << 16;

// RFC 1950: deflate, a window of at most 32 KiB, no preset dictionary, a check that fits.
bool IsHeader(const unsigned char* in) {
  return (in[0] & 0xf) == 8 && in[0] >> 4 <= 7 && (in[1] & 0x20) == 0 &&
         (in[0] << 8 | in[1]) % 31 == 0;
}

uint32_t ReadNumber(const unsigned char* in) {
  return uint32_t{in[0]} << 24 | uint32_t{in[1]} << 16 | uint32_t{in[2]} << 8 | in[3];
}

// Whether the pixels, which end at `end`, were read before all of their checksum was there.
bool EndAtABreak(size_t end, size_t in_size, const std::vector<size_t>& breaks) {
  return std::any_of(breaks.begin(), breaks.end(), [&](size_t place) {
    return place >= end && place < end + kChecksum && place < in_size;
  });
}

// The first bytes that are packed behind the header; `out` has room for kSlack more.
bool UnpackFront(const unsigned char* in, size_t in_size, const ScanlineStream& stream,
                 unsigned char* out) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  size_t consumed = 0, produced = 0;
  const libdeflate_result result =
      libdeflate_deflate_decompress_ex(decompressor.get(), in + kHeader, in_size - kHeader, out,
                                       stream.bytes + kSlack, &consumed, &produced);
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return true;
  if (result != LIBDEFLATE_SUCCESS || produced < stream.bytes) return false;
  const size_t end = kHeader + consumed;
  if (EndAtABreak(end, in_size, stream.breaks)) return true;
  if (in_size - end < kChecksum) return false;
  // Neither Pillow nor libpng minds the checksum of more than there should be.
  return produced > stream.bytes ||
         libdeflate_adler32(1, out, stream.bytes) == ReadNumber(in + end);
}

}  // namespace

size_t ScanlineBytes(unsigned width, unsigned height, const LodePNGInfo& info) {
  struct Pass {
    unsigned x, y, x_step, y_step;
  };
  constexpr Pass kWhole[] = {{0, 0, 1, 1}};
  constexpr Pass kAdam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                             {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  const bool is_interlaced = info.interlace_method != 0;
  const size_t bits = lodepng_get_bpp(&info.color);
  size_t bytes = 0;
  for (const Pass* pass = is_interlaced ? std::begin(kAdam7) : std::begin(kWhole);
       pass != (is_interlaced ? std::end(kAdam7) : std::end(kWhole)); ++pass) {
    if (width <= pass->x || height <= pass->y) continue;
    const size_t columns = (size_t{width} - pass->x + pass->x_step - 1) / pass->x_step;
    const size_t rows = (size_t{height} - pass->y + pass->y_step - 1) / pass->y_step;
    bytes += rows * (1 + (columns * bits + 7) / 8);
  }
  return bytes;
}

unsigned UnpackScanlines(unsigned char** out, size_t* out_size, const unsigned char* in,
                         size_t in_size, const LodePNGDecompressSettings* settings) {
  constexpr unsigned kError = 1;  // lodepng has one number for all
  const auto& stream = *static_cast<const ScanlineStream*>(settings->custom_context);
  if (in_size < kHeader || !IsHeader(in) || stream.bytes / kMaxRatio > in_size) return kError;
  auto* memory = static_cast<unsigned char*>(std::malloc(stream.bytes + kSlack));
  if (memory == nullptr) return kError;
  *out = memory;  // lodepng frees it
  *out_size = stream.bytes;
  return UnpackFront(in, in_size, stream, memory) ? 0 : kError;
}

}  // namespace vitrine
