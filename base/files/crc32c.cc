#include "base/files/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace vitrine {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

using Table = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b] is the checksum of byte b followed by k zero bytes: eight look-ups serve eight bytes
// ("slicing by 8"; Kounavis and Berry, 2005).
constexpr Table MakeTables() {
  Table tables{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (uint32_t b = 0; b < 256; ++b) {
      const uint32_t previous = tables[k - 1][b];
      tables[k][b] = (previous >> 8) ^ tables[0][previous & 0xFF];
    }
  }
  return tables;
}

constexpr Table kTables = MakeTables();

uint64_t LoadWord(const char* bytes) {
  uint64_t word;  // x86-64 is little-endian, as the reflected form wants
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// What a stretch of zero bytes does to a checksum is linear over GF(2): a matrix, of which the
// i-th entry is what becomes of bit i.
using Matrix = std::array<uint32_t, 32>;

constexpr uint32_t Multiply(const Matrix& matrix, uint32_t crc) {
  uint32_t product = 0;
  for (int i = 0; i < 32; ++i) product ^= matrix[i] & -((crc >> i) & 1);
  return product;
}

constexpr size_t kStretch = 8192;  // a power of 2: the matrix of one zero byte is squared

constexpr Matrix MakeStretchOfZeros() {
  Matrix matrix{};
  for (int i = 0; i < 32; ++i) matrix[i] = (1u << i >> 8) ^ kTables[0][(1u << i) & 0xFF];
  for (size_t bytes = 1; bytes < kStretch; bytes *= 2) {
    const Matrix root = matrix;
    for (uint32_t& column : matrix) column = Multiply(root, column);
  }
  return matrix;
}

constexpr Matrix kStretchOfZeros = MakeStretchOfZeros();

// The instruction takes a word in each cycle but gives its result three cycles later, so three
// stretches side by side take the time of one.
__attribute__((target("sse4.2"))) uint32_t UpdateThreeStretches(uint32_t crc, const char* bytes) {
  uint64_t first = crc, second = 0, third = 0;
  for (size_t i = 0; i < kStretch; i += 8) {
    first = _mm_crc32_u64(first, LoadWord(bytes + i));
    second = _mm_crc32_u64(second, LoadWord(bytes + kStretch + i));
    third = _mm_crc32_u64(third, LoadWord(bytes + 2 * kStretch + i));
  }
  return Multiply(kStretchOfZeros, Multiply(kStretchOfZeros, first) ^ second) ^ third;
}

}  // namespace

uint32_t Crc32cByTable(std::string_view bytes, uint32_t before) {
  uint32_t crc = ~before;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const uint64_t word = LoadWord(bytes.data()) ^ crc;
    crc = 0;
    for (int k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (const unsigned char byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ byte) & 0xFF];
  return ~crc;
}

__attribute__((target("sse4.2"))) uint32_t Crc32cByInstruction(std::string_view bytes,
                                                               uint32_t before) {
  uint32_t crc = ~before;
  for (; bytes.size() >= 3 * kStretch; bytes.remove_prefix(3 * kStretch)) {
    crc = UpdateThreeStretches(crc, bytes.data());
  }
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    crc = _mm_crc32_u64(crc, LoadWord(bytes.data()));
  }
  for (const unsigned char byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return ~crc;
}

bool HasCrc32cInstruction() { return __builtin_cpu_supports("sse4.2"); }

uint32_t Crc32c(std::string_view bytes, uint32_t before) {
  return HasCrc32cInstruction() ? Crc32cByInstruction(bytes, before) : Crc32cByTable(bytes, before);
}

}  // namespace vitrine
