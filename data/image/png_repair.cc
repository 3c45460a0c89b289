#include "data/image/png_repair.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "data/image/png_chunks.h"

namespace vitrine {
namespace {

constexpr size_t kHeaderSize = 13, kMostColors = 256;

// Pillow reads image data in pieces of so many bytes of a chunk, libpng in smaller ones.
constexpr size_t kPiece = size_t{1} << 16;

enum ColorType : uint8_t { kGrey = 0, kRgb = 2, kPalette = 3 };  // those that matter here

uint8_t ColorTypeOf(const PngChunk& header) { return static_cast<uint8_t>(header.data[9]); }

// libpng's rule for a type: four letters, of which the third is reserved and large.
bool IsKnownToLibpng(std::string_view type) {
  for (const char c : type) {
    if (!absl::ascii_isalpha(static_cast<unsigned char>(c))) return false;
  }
  return absl::ascii_isupper(static_cast<unsigned char>(type[2]));
}

bool IsCritical(std::string_view type) {
  return absl::ascii_isupper(static_cast<unsigned char>(type[0]));
}

// The bytes without which Pillow refuses a chunk.
size_t LeastSize(std::string_view type, uint8_t color_type) {
  if (type == "tRNS") return color_type == kGrey ? 2 : color_type == kRgb ? 6 : 0;
  if (type == "sRGB") return 1;
  if (type == "gAMA") return 4;
  if (type == "pHYs") return 9;
  if (type == "cHRM") return 32;
  return 0;
}

// Whether the only packing that there is, is named behind the first zero byte. Pillow takes a text
// that ends before for an empty one, but no profile.
bool IsPackedAsKnown(const PngChunk& chunk) {
  const size_t method = chunk.data.find('\0') + 1;  // 0 where there is no zero byte
  const bool is_text = chunk.type == "zTXt";
  if (is_text && (method == 0 || method == chunk.data.size())) return true;
  return method < chunk.data.size() && chunk.data[method] == 0;
}

bool PillowReads(const PngChunk& chunk, uint8_t color_type) {
  if (chunk.data.size() < LeastSize(chunk.type, color_type)) return false;
  return (chunk.type != "iCCP" && chunk.type != "zTXt") || IsPackedAsKnown(chunk);
}

bool IsPalette(const PngChunk& chunk) {
  const size_t size = chunk.data.size();
  return size % 3 == 0 && size / 3 <= kMostColors;
}

void Append(std::string_view chunk, std::string* image_data, std::vector<size_t>* breaks) {
  for (; chunk.size() > kPiece; chunk.remove_prefix(kPiece)) {
    absl::StrAppend(image_data, chunk.substr(0, kPiece));
    breaks->push_back(image_data->size());
  }
  absl::StrAppend(image_data, chunk);
  breaks->push_back(image_data->size());
}

}  // namespace

std::optional<RepairedPng> WithoutHarmlessDamage(std::string_view png) {
  PngChunks chunks(png);
  std::optional<PngChunk> chunk = chunks.Next();
  if (!chunk || chunk->type != "IHDR" || !chunk->IsIntact() || chunk->data.size() != kHeaderSize) {
    return std::nullopt;
  }
  const uint8_t color_type = ColorTypeOf(*chunk);
  RepairedPng repaired;
  repaired.bytes = absl::StrCat(kPngStart, MakePngChunk(chunk->type, chunk->data));

  bool has_palette = false;
  while ((chunk = chunks.Next()) && chunk->type != "IDAT") {
    if (!chunk->IsIntact() || !IsKnownToLibpng(chunk->type) || !PillowReads(*chunk, color_type)) {
      return std::nullopt;
    }
    if (IsCritical(chunk->type) && chunk->type != "PLTE") return std::nullopt;
    if (chunk->type != "PLTE") continue;
    if (chunk->data.empty()) return std::nullopt;
    if (color_type != kPalette) continue;  // only a hint
    if (has_palette || !IsPalette(*chunk)) return std::nullopt;
    has_palette = true;
    absl::StrAppend(&repaired.bytes, MakePngChunk(chunk->type, chunk->data));
  }

  std::string image_data;
  for (; chunk && chunk->type == "IDAT"; chunk = chunks.Next()) {
    if (!chunk->IsIntact()) return std::nullopt;
    Append(chunk->data, &image_data, &repaired.breaks);
  }
  for (; chunk && chunk->type != "IEND"; chunk = chunks.Next()) {
    if (!chunk->is_whole || !PillowReads(*chunk, color_type)) return std::nullopt;
  }
  if (color_type == kPalette && !has_palette) return std::nullopt;
  absl::StrAppend(&repaired.bytes, MakePngChunk("IDAT", image_data), MakePngChunk("IEND", ""));
  return repaired;
}

}  // namespace vitrine
