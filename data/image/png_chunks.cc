#include "data/image/png_chunks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libdeflate.h"

namespace vitrine {
namespace {

constexpr size_t kNumber = 4, kType = 4;  // bytes

uint32_t ReadNumber(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = 0; i < kNumber; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

std::string WriteNumber(uint32_t number) {
  std::string bytes(kNumber, '\0');
  for (size_t i = kNumber; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

bool IsType(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
}

uint32_t ChecksumOf(std::string_view type, std::string_view data) {
  return libdeflate_crc32(libdeflate_crc32(0, type.data(), type.size()), data.data(), data.size());
}

}  // namespace

bool PngChunk::IsIntact() const {
  return is_whole && checksum.size() == kNumber && ChecksumOf(type, data) == ReadNumber(checksum);
}

std::optional<PngChunk> PngChunks::Next() {
  if (rest_.size() < kNumber + kType) return std::nullopt;
  const std::string_view type = rest_.substr(kNumber, kType);
  if (!IsType(type)) return std::nullopt;
  const size_t size = ReadNumber(rest_);
  const std::string_view data = rest_.substr(kNumber + kType, size);
  rest_.remove_prefix(kNumber + kType + data.size());
  const std::string_view checksum = rest_.substr(0, kNumber);
  rest_.remove_prefix(checksum.size());
  if (type == "IEND") rest_ = {};
  return PngChunk{
      .type = type, .data = data, .is_whole = data.size() == size, .checksum = checksum};
}

std::string MakePngChunk(std::string_view type, std::string_view data) {
  return absl::StrCat(WriteNumber(static_cast<uint32_t>(data.size())), type, data,
                      WriteNumber(ChecksumOf(type, data)));
}

}  // namespace vitrine
