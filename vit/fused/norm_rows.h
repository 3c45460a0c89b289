// What LayerNorm computes of a row, with AVX-512.

#ifndef VIT_FUSED_NORM_ROWS_H_
#define VIT_FUSED_NORM_ROWS_H_

#include <cstdint>

#include "c10/util/BFloat16.h"

namespace vitrine::fused {

// The parameters of a LayerNorm, `size` a multiple of kLanes and not 0.
struct RowNorm {
  const float *weight, *bias;
  float epsilon;
  int64_t size;
};

// T is float or at::BFloat16, to which the result is rounded. Mean and variance are those of two
// passes, which lose nothing where the mean is large.
template <typename T>
void NormRow(const RowNorm& norm, const float* x, T* normed);

// Of x + branch, which it writes to `sum`.
template <typename T>
void AddAndNormRow(const RowNorm& norm, const float* x, const T* branch, float* sum, T* normed);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_NORM_ROWS_H_
