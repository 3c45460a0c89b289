// CRC-32C (Castagnoli), the checksum of checkpoint files (RFC 3720, section 12.1 and appendix B.4).

#ifndef BASE_FILES_CRC32C_H_
#define BASE_FILES_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace vitrine {

// The checksum of `bytes`, or, given the checksum of what came before, of both together.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

// The two ways to compute it, for tests and benchmarks. Crc32c takes the second where it can.
uint32_t Crc32cByTable(std::string_view bytes, uint32_t before = 0);
uint32_t Crc32cByInstruction(std::string_view bytes, uint32_t before = 0);
bool HasCrc32cInstruction();  // SSE4.2, in x86-64 processors since 2011

}  // namespace vitrine

#endif  // BASE_FILES_CRC32C_H_
