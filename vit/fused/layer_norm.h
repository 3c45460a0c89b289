// LayerNorm as it is run for answers alone: without gradients, and with the sum before it and the
// rounding after it in one operator.

#ifndef VIT_FUSED_LAYER_NORM_H_
#define VIT_FUSED_LAYER_NORM_H_

#include "ATen/core/Tensor.h"
#include "vit/layers.h"

namespace vitrine::fused {

// Of x [N, width] in float32 on the CPU, rounded to the type, float32 or bfloat16.
at::Tensor Norm(const LayerNorm& norm, const at::Tensor& x, at::ScalarType type);

struct NormedSum {
  at::Tensor sum;     // in float32
  at::Tensor normed;  // of the branch's type
};

// Of x + branch [N, width], x in float32 and the branch in float32 or bfloat16.
NormedSum NormOfSum(const LayerNorm& norm, const at::Tensor& x, const at::Tensor& branch);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_LAYER_NORM_H_
