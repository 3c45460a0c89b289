#include "data/image/png_text.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "libdeflate.h"

namespace vitrine {
namespace {

constexpr std::string_view kZero("", 1);
constexpr size_t kLongestText = size_t{1} << 20;

// Deflate hardly expands by more: a match copies 258 bytes at most and costs two bits at least.
constexpr size_t kMaxRatio = 1032;

std::string Unpack(std::string_view zlib) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::string text(std::min(kLongestText, zlib.size() * kMaxRatio), '\0');
  size_t size = 0;
  const libdeflate_result result = libdeflate_zlib_decompress(
      decompressor.get(), zlib.data(), zlib.size(), text.data(), text.size(), &size);
  text.resize(result == LIBDEFLATE_SUCCESS ? size : 0);
  return text;
}

// Removes what comes before the first zero byte, and that byte; false if there is none.
bool RemoveField(std::string_view* data) {
  const size_t end = data->find('\0');
  if (end == data->npos) return false;
  data->remove_prefix(end + 1);
  return true;
}

}  // namespace

bool IsPngText(const PngChunk& chunk, std::string_view keyword) {
  std::string_view data = chunk.data;
  return (chunk.type == "tEXt" || chunk.type == "zTXt" || chunk.type == "iTXt") &&
         absl::ConsumePrefix(&data, keyword) && absl::StartsWith(data, kZero);
}

std::string PngText(const PngChunk& chunk) {
  std::string_view data = chunk.data;
  if (!RemoveField(&data)) return "";
  if (chunk.type == "tEXt") return std::string(data);
  const bool is_international = chunk.type == "iTXt";
  // One that is international says whether it is packed. Both name the method, of which there is 0.
  const bool is_packed = !is_international || !absl::ConsumePrefix(&data, kZero);
  if (is_international && is_packed && !data.empty()) data.remove_prefix(1);
  if (is_packed && !absl::StartsWith(data, kZero)) return "";
  if (data.empty()) return "";
  data.remove_prefix(1);
  // The language and the translated keyword.
  if (is_international && !(RemoveField(&data) && RemoveField(&data))) return "";
  return is_packed ? Unpack(data) : std::string(data);
}

}  // namespace vitrine
