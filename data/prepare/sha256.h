// SHA-256 (FIPS 180-4), to check what was downloaded.
//
// No library that is pinned here has it. It is fifty lines with published test vectors, which is
// less than starting `sha256sum` and understanding all it may answer.

#ifndef DATA_PREPARE_SHA256_H_
#define DATA_PREPARE_SHA256_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace vitrine {

class Sha256 {
 public:
  void Update(std::string_view bytes);

  // The digest in lower-case hexadecimal. Nothing may be added afterwards.
  std::string HexDigest();

 private:
  void AddBlock(const char* block);

  // FIPS 180-4, section 5.3.3.
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::string rest_;  // fewer bytes than a block, between updates
  uint64_t length_ = 0;
};

// The digest of a file of any size.
absl::StatusOr<std::string> Sha256OfFile(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // DATA_PREPARE_SHA256_H_
