#include "base/random.h"

namespace vitrine {

uint64_t StreamKey(uint64_t seed, std::string_view purpose, uint64_t index, uint64_t sub_index) {
  uint64_t key = StreamValue(seed, 1);
  for (const unsigned char c : purpose) key = StreamValue(key + c, 1);
  // The length ends the purpose, so that ("a", 98) and ("ab", 0) differ.
  key = StreamValue(key + (uint64_t{purpose.size()} << 32), 1);
  key = StreamValue(key + index, 1);
  return StreamValue(key + sub_index, 1);
}

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
