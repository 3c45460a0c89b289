#include "base/random.h"

namespace vitrine {
namespace {

constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;

// SplitMix64's output function: a bijection in which each input bit flips half of the output's.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t StreamKey(uint64_t seed, std::string_view purpose, uint64_t index, uint64_t sub_index) {
  uint64_t key = Mix(seed + kGoldenRatio);
  for (const unsigned char c : purpose) key = Mix(key + kGoldenRatio + c);
  // The length ends the purpose, so that ("a", 98) and ("ab", 0) differ.
  key = Mix(key + kGoldenRatio + (uint64_t{purpose.size()} << 32));
  key = Mix(key + kGoldenRatio + index);
  return Mix(key + kGoldenRatio + sub_index);
}

uint64_t RandomStream::operator()() { return Mix(state_ += kGoldenRatio); }

uint64_t RandomStream::Below(uint64_t bound) {
  // Draws below 2^64 mod bound would favour the small results; they are drawn again.
  const uint64_t rejected = -bound % bound;
  uint64_t draw;
  do {
    draw = (*this)();
  } while (draw < rejected);
  return draw % bound;
}

double RandomStream::Uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

}  // namespace vitrine
