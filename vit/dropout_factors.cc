#include "vit/dropout_factors.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace vitrine {
namespace {

constexpr int64_t kElementsATime = 256;

}  // namespace

// Numbers first and their comparison after, in two loops that the compiler makes vectors of.
void DropoutFactors::Fill(int64_t begin, int64_t size, float* factors) const {
  const uint64_t key = key_;  // which no store can change, unlike a member
  const uint32_t threshold = threshold_;
  const float kept = kept_;
  std::array<uint64_t, kElementsATime / 2> numbers;
  std::array<uint32_t, kElementsATime> halves;
  for (int64_t done = 0; done < size; done += kElementsATime) {
    const int64_t count = std::min(kElementsATime, size - done);
    const int64_t first = (begin + done) / 2 + 1;
    for (int64_t i = 0; i < (count + 1) / 2; ++i) numbers[i] = StreamValue(key, first + i);
    std::memcpy(halves.data(), numbers.data(), sizeof(halves));
    for (int64_t i = 0; i < count; ++i) {
      factors[done + i] = halves[i] < threshold ? kept : 0.0F;
    }
  }
}

}  // namespace vitrine
