#include "vit/fused/norm_rows.h"

#include <cmath>

#include "vit/fused/lane_operations.h"

// Nobody calls what follows without asking the processor first.
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")

namespace vitrine::fused {
namespace {

template <typename T>
VITRINE_INLINE void NormAround(float mean, const RowNorm& norm, const float* x, T* normed) {
  const auto size = static_cast<float>(norm.size);
  Floats squares = {};
  for (int64_t i = 0; i < norm.size; i += kLanes) {
    const Floats difference = Load(x + i) - mean;
    squares += difference * difference;
  }
  const float factor = 1 / std::sqrt(Sum(squares) / size + norm.epsilon);
  for (int64_t i = 0; i < norm.size; i += kLanes) {
    const Floats unit = (Load(x + i) - mean) * factor;
    Store(unit * Load(norm.weight + i) + Load(norm.bias + i), normed + i);
  }
}

}  // namespace

template <typename T>
void NormRow(const RowNorm& norm, const float* x, T* normed) {
  Floats sums = {};
  for (int64_t i = 0; i < norm.size; i += kLanes) sums += Load(x + i);
  NormAround(Sum(sums) / static_cast<float>(norm.size), norm, x, normed);
}

template <typename T>
void AddAndNormRow(const RowNorm& norm, const float* x, const T* branch, float* sum, T* normed) {
  Floats sums = {};
  for (int64_t i = 0; i < norm.size; i += kLanes) {
    const Floats values = Load(x + i) + Load(branch + i);
    Store(values, sum + i);
    sums += values;
  }
  NormAround(Sum(sums) / static_cast<float>(norm.size), norm, sum, normed);
}

template void NormRow(const RowNorm&, const float*, float*);
template void NormRow(const RowNorm&, const float*, at::BFloat16*);
template void AddAndNormRow(const RowNorm&, const float*, const float*, float*, float*);
template void AddAndNormRow(const RowNorm&, const float*, const at::BFloat16*, float*,
                            at::BFloat16*);

}  // namespace vitrine::fused

#pragma GCC pop_options
