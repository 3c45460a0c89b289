// Dropout of a branch, its sum with the residual stream and LayerNorm of that, as one operator on a
// GPU.

#ifndef VIT_FUSED_CUDA_ADD_NORM_H_
#define VIT_FUSED_CUDA_ADD_NORM_H_

#include "ATen/core/Tensor.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/layers.h"

namespace vitrine::fused::cuda {

// The same as on a CPU.
struct BranchDropout {
  double probability = 0;
  DropoutKey key;
};

struct SumAndNorm {
  at::Tensor sum;     // float32
  at::Tensor normed;  // of the type asked for
};

// x is [..., D] in float32, the branch of the same shape in the type of the products' operands, and
// D a multiple of 4. Differentiable once; sums for the norm's weight and bias are the same each
// time.
SumAndNorm AddNorm(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout,
                   const LayerNorm& norm);

// x itself and its norm. Who goes on with the `sum` rather than with x has the gradients added in
// the pass over the norm's.
SumAndNorm Norm(const at::Tensor& x, const LayerNorm& norm, at::ScalarType type);

// The sum alone.
at::Tensor Add(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout);

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_ADD_NORM_H_
