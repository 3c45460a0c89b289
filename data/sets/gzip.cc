#include "data/sets/gzip.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "libdeflate.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic = "\x1f\x8b";

// Deflate hardly expands by more: a match copies 258 bytes at most and costs two bits at least.
constexpr size_t kMaxRatio = 1032;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};
using Decompressor = std::unique_ptr<libdeflate_decompressor, FreeDecompressor>;

// The last four bytes hold the last member's size, modulo 2^32: what to expect of an honest file,
// and no more than that.
size_t ExpectedSize(std::string_view bytes) {
  if (bytes.size() < 4) return 0;
  uint32_t size = 0;
  for (size_t i = 1; i <= 4; ++i) {
    size = size << 8 | static_cast<uint8_t>(bytes[bytes.size() - i]);
  }
  return std::min<size_t>(size, bytes.size() * kMaxRatio);
}

// Moves the first member's contents from `bytes` to the end of `contents`, with room for `expected`
// bytes at first and for more as needed.
absl::Status ExpandMember(libdeflate_decompressor* decompressor, size_t expected, size_t limit,
                          std::string_view& bytes, std::string& contents) {
  const size_t before = contents.size();
  size_t room = std::min(expected, limit - before);
  while (true) {
    contents.resize(before + room);
    size_t consumed = 0, produced = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor, bytes.data(), bytes.size(),
                                      contents.data() + before, room, &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS) {
      contents.resize(before + produced);
      bytes.remove_prefix(consumed);
      return absl::OkStatus();
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
      return absl::DataLossError("corrupt or truncated gzip data; get the file again");
    }
    if (before + room == limit) {
      return absl::ResourceExhaustedError(
          absl::StrCat("gzip data expands to more than the ", limit, " bytes allowed here"));
    }
    room = std::min(std::max<size_t>(2 * room, 4096), limit - before);
  }
}

}  // namespace

bool IsGzip(std::string_view bytes) { return bytes.substr(0, kMagic.size()) == kMagic; }

absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t limit) {
  const Decompressor decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return absl::ResourceExhaustedError("no memory left for gzip");
  const size_t expected = ExpectedSize(bytes);
  std::string contents;
  do {
    RETURN_IF_ERROR(ExpandMember(decompressor.get(), expected, limit, bytes, contents));
  } while (!bytes.empty());
  return contents;
}

}  // namespace vitrine
