#include "vit/fused/attention_rows.h"

#include <cmath>

#include "vit/fused/lane_operations.h"

// Nobody calls what follows without asking the processor first.
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")

namespace vitrine::fused {
namespace {

// 2^n e^r for x = n ln 2 + r, by Taylor's series to r^7, which leaves less than 1e-8 of it; 0 below
// -87, where numbers stop being normal.
VITRINE_INLINE Floats Exp(Floats x) {
  constexpr float kLog2E = 1.44269504F, kLn2High = 0x1.63p-1F, kLn2Low = -2.12194440e-4F;
  constexpr float kLeast = -87.0F;
  constexpr float kRound = 0x1.8p23F;  // the last bit of a sum with it counts 1
  const Floats clamped = x < kLeast ? Floats{} + kLeast : x;
  const Floats shifted = clamped * kLog2E + kRound;
  const Floats n = shifted - kRound;
  const Floats r = clamped - n * kLn2High - n * kLn2Low;
  Floats series = r * (1.0F / 5040) + 1.0F / 720;
  for (const float factor : {1.0F / 120, 1.0F / 24, 1.0F / 6, 1.0F / 2, 1.0F, 1.0F}) {
    series = series * r + factor;
  }
  const Ints exponent = reinterpret_cast<Ints>(shifted) << 23;
  const Floats power = reinterpret_cast<Floats>(exponent + (127 << 23));
  return x < kLeast ? Floats{} : series * power;
}

}  // namespace

template <typename T>
SoftmaxSums Softmax(const float* logits, int64_t size, float scale, T* weights) {
  Floats most = Load(logits);
  for (int64_t i = kLanes; i < size; i += kLanes) {
    const Floats values = Load(logits + i);
    most = values > most ? values : most;
  }
  const float maximum = Max(most);
  Floats sums = {};
  for (int64_t i = 0; i < size; i += kLanes) {
    const Floats weight = Exp((Load(logits + i) - maximum) * scale);
    sums += weight;
    Store(weight, weights + i);
  }
  const float sum = Sum(sums);
  return {sum, scale * maximum + std::log(sum)};
}

template SoftmaxSums Softmax(const float*, int64_t, float, float*);
template SoftmaxSums Softmax(const float*, int64_t, float, at::BFloat16*);

void WeightsAgain(const float* logsumexp, const float* d_weights, int64_t size, float scale,
                  float* logits, float* delta) {
  for (int64_t i = 0; i < size; i += kLanes) {
    const Floats weight = Exp(Load(logits + i) * scale - Load(logsumexp + i));
    Store(weight, logits + i);
    Store(Load(delta + i) + weight * Load(d_weights + i), delta + i);
  }
}

void SoftmaxBackward(const float* weights, const float* d_weights, const float* delta, int64_t size,
                     float scale, at::BFloat16* rounded, at::BFloat16* d_logits) {
  for (int64_t i = 0; i < size; i += kLanes) {
    const Floats weight = Load(weights + i);
    Store(weight, rounded + i);
    Store(weight * (Load(d_weights + i) - Load(delta + i)) * scale, d_logits + i);
  }
}

template <typename T>
void Scale(const float* values, int64_t size, float factor, T* scaled) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) Store(Load(values + i) * factor, scaled + i);
  for (; i < size; ++i) scaled[i] = static_cast<T>(values[i] * factor);
}

template void Scale(const float*, int64_t, float, float*);
template void Scale(const float*, int64_t, float, at::BFloat16*);

void Interleave(const at::BFloat16* first, const at::BFloat16* second, int64_t size,
                at::BFloat16* pairs) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Ints bits = LoadBits(first + i) | LoadBits(second + i) << 16;
    std::memcpy(static_cast<void*>(pairs + 2 * i), &bits, sizeof(bits));
  }
  for (; i < size; ++i) {
    pairs[2 * i] = first[i];
    pairs[2 * i + 1] = second[i];
  }
}

}  // namespace vitrine::fused

#pragma GCC pop_options
