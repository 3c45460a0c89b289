// kLanes float32 at a time, for functions compiled with the same `#pragma GCC target`, AVX-512.
// Nobody calls them without asking the processor first.

#ifndef VIT_FUSED_LANE_OPERATIONS_H_
#define VIT_FUSED_LANE_OPERATIONS_H_

#include <cstdint>
#include <cstring>

#include "c10/util/BFloat16.h"
#include "vit/fused/lanes.h"

namespace vitrine::fused {

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(float))));
using Halves = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t))));

// Inlined or not, a vector is passed as the caller's instructions want it.
#define VITRINE_INLINE [[gnu::always_inline]] inline

VITRINE_INLINE Floats Load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

// The bits, in the lower halves.
VITRINE_INLINE Ints LoadBits(const at::BFloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof(halves));
  return __builtin_convertvector(halves, Ints);
}

VITRINE_INLINE Floats Load(const at::BFloat16* from) {
  return reinterpret_cast<Floats>(LoadBits(from) << 16);
}

VITRINE_INLINE void Store(Floats values, float* to) { std::memcpy(to, &values, sizeof(values)); }

// To the nearest, ties to even.
VITRINE_INLINE void Store(Floats values, at::BFloat16* to) {
  constexpr int32_t kHalf = 0x7fff, kNotANumber = 0x7fc0;
  const Ints bits = reinterpret_cast<Ints>(values);
  const Ints rounded = (bits + kHalf + ((bits >> 16) & 1)) >> 16;
  const Halves halves =
      __builtin_convertvector(values == values ? rounded : Ints{} + kNotANumber, Halves);
  std::memcpy(static_cast<void*>(to), &halves, sizeof(halves));
}

VITRINE_INLINE float Sum(Floats values) {
  float sum = 0;
  for (int64_t i = 0; i < kLanes; ++i) sum += values[i];
  return sum;
}

VITRINE_INLINE float Max(Floats values) {
  float most = values[0];
  for (int64_t i = 1; i < kLanes; ++i) most = values[i] > most ? values[i] : most;
  return most;
}

#pragma GCC pop_options

}  // namespace vitrine::fused

#endif  // VIT_FUSED_LANE_OPERATIONS_H_
