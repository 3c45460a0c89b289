#include "data/prepare/sha256.h"

#include <bit>
#include <cerrno>
#include <fstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

constexpr size_t kBlockSize = 64;

// FIPS 180-4, section 4.2.2.
constexpr std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t BigEndianWord(const char* bytes) {
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>(bytes[i]);
  return word;
}

template <typename Word>
void AppendBigEndian(Word word, std::string* bytes) {
  for (int shift = 8 * sizeof(word) - 8; shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(word >> shift & 0xFF));
  }
}

// FIPS 180-4, section 6.2.2, step 1.
std::array<uint32_t, 64> MessageSchedule(const char* block) {
  std::array<uint32_t, 64> w;
  for (int t = 0; t < 16; ++t) w[t] = BigEndianWord(block + 4 * t);
  for (int t = 16; t < 64; ++t) {
    const uint32_t x = w[t - 15], y = w[t - 2];
    const uint32_t sigma0 = std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3;
    const uint32_t sigma1 = std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10;
    w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
  }
  return w;
}

}  // namespace

// FIPS 180-4, section 6.2.2, steps 2 to 4.
void Sha256::AddBlock(const char* block) {
  const std::array<uint32_t, 64> w = MessageSchedule(block);
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int t = 0; t < 64; ++t) {
    const uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kRoundConstants[t] + w[t];
    const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < state_.size(); ++i) state_[i] += added[i];
}

void Sha256::Update(std::string_view bytes) {
  length_ += bytes.size();
  if (!rest_.empty()) {
    const std::string_view head = bytes.substr(0, kBlockSize - rest_.size());
    rest_.append(head);
    bytes.remove_prefix(head.size());
    if (rest_.size() < kBlockSize) return;
    AddBlock(rest_.data());
  }
  for (; bytes.size() >= kBlockSize; bytes.remove_prefix(kBlockSize)) AddBlock(bytes.data());
  rest_ = bytes;
}

std::string Sha256::HexDigest() {
  // Section 5.1.1: a one bit, zeros up to 8 bytes short of a block, the length in bits.
  const uint64_t bits = 8 * length_;
  std::string padding(1, '\x80');
  padding.append((2 * kBlockSize - 9 - rest_.size()) % kBlockSize, '\0');
  AppendBigEndian(bits, &padding);
  Update(padding);
  std::string digest;
  for (const uint32_t word : state_) AppendBigEndian(word, &digest);
  return absl::BytesToHexString(digest);
}

absl::StatusOr<std::string> Sha256OfFile(const std::filesystem::path& path) {
  const auto error = [&path] {
    return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot read"));
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return error();
  Sha256 sha;
  std::vector<char> buffer(1 << 20);
  do {
    file.read(buffer.data(), buffer.size());
    sha.Update(std::string_view(buffer.data(), file.gcount()));
  } while (file);
  if (file.bad()) return error();
  return sha.HexDigest();
}

}  // namespace vitrine
