#include "vit/dropout/dropout_factors.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace vitrine {
namespace {

constexpr int64_t kElementsATime = 256;

// Numbers first and their comparison after, in two loops that the compiler makes vectors of.
[[gnu::always_inline]] inline void FillAny(uint64_t key, uint32_t threshold, float kept,
                                           int64_t begin, int64_t size, float* factors) {
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

// The same bits by other instructions.
[[gnu::target("avx2")]] void FillByAvx2(uint64_t key, uint32_t threshold, float kept, int64_t begin,
                                        int64_t size, float* factors) {
  FillAny(key, threshold, kept, begin, size, factors);
}

[[gnu::target("avx512f,avx512dq,avx512vl,avx512bw")]] void FillByAvx512(
    uint64_t key, uint32_t threshold, float kept, int64_t begin, int64_t size, float* factors) {
  FillAny(key, threshold, kept, begin, size, factors);
}

}  // namespace

void DropoutFactors::Fill(int64_t begin, int64_t size, float* factors) const {
  static const auto fill = __builtin_cpu_supports("avx512dq") != 0 ? FillByAvx512
                           : __builtin_cpu_supports("avx2") != 0   ? FillByAvx2
                                                                   : FillAny;
  fill(Key(), threshold_, kept_, begin, size, factors);
}

}  // namespace vitrine
