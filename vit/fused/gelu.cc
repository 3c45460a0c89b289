#include "vit/fused/gelu.h"

#include <array>
#include <cstdint>

#include "ATen/Parallel.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/gelu.h"
#include "glog/logging.h"

namespace vitrine::fused {
namespace {

constexpr int64_t kNumbersAThread = 1 << 14;

// Beyond it the normal distribution function is 0 or 1 in float32.
constexpr float kBound = 5.5F;

// (distribution(x) - 1/2) / x for |x| <= kBound, by powers of 2 x^2 / kBound^2 - 1: its Chebyshev
// series to the order 16, which is off by 5e-9 and sums well in this form, since no partial sum is
// larger than 0.4.
constexpr std::array<float, 17> kCoefficients = {
    1.285519330e-01F,  -6.417231467e-02F, 4.773733464e-02F,  -3.879379390e-02F, 3.207690945e-02F,
    -2.603615149e-02F, 2.030731692e-02F,  -1.506252402e-02F, 1.046863700e-02F,  -6.650678355e-03F,
    4.074129652e-03F,  -2.658702377e-03F, 1.407426470e-03F,  -3.567546146e-04F, 1.839166674e-04F,
    -2.856763177e-04F, 1.180799949e-04F};

// Without branches, so that the compiler makes vectors of it. NaN stays NaN.
[[gnu::always_inline]] inline float Value(float x) {
  const float power = x * x * (2 / (kBound * kBound)) - 1;
  float sum = kCoefficients.back();
  for (size_t i = kCoefficients.size() - 1; i-- > 0;) sum = sum * power + kCoefficients[i];
  const float inside = x * (x * sum + 0.5F);
  const float above = x > kBound ? x : inside;
  return x < -kBound ? -0.0F : above;
}

[[gnu::always_inline]] inline void Values(const float* x, float* y, int64_t size) {
  for (int64_t i = 0; i < size; ++i) y[i] = Value(x[i]);
}

void ValuesOfAnyProcessor(const float* x, float* y, int64_t size) { Values(x, y, size); }
__attribute__((target("avx2,fma"))) void ValuesOfAvx2(const float* x, float* y, int64_t size) {
  Values(x, y, size);
}

}  // namespace

at::Tensor Gelu(const at::Tensor& x) {
  if (x.scalar_type() != at::kFloat) return at::gelu(x);
  CHECK(x.is_contiguous());
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const auto values = has_avx2 ? ValuesOfAvx2 : ValuesOfAnyProcessor;
  at::Tensor y = at::empty_like(x);
  const float* from = x.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kNumbersAThread, [=](int64_t begin, int64_t end) {
    values(from + begin, to + begin, end - begin);
  });
  return y;
}

}  // namespace vitrine::fused
