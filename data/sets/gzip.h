// Gzip (RFC 1952) in memory, through libdeflate, which checks every member's CRC-32 and size.

#ifndef DATA_SETS_GZIP_H_
#define DATA_SETS_GZIP_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace vitrine {

// Whether the bytes begin as gzip does.
bool IsGzip(std::string_view bytes);

// The contents of all members, one after the other. DataLoss if any byte is missing, wrong or too
// many; ResourceExhausted if the contents are longer than `limit` bytes.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t limit);

}  // namespace vitrine

#endif  // DATA_SETS_GZIP_H_
