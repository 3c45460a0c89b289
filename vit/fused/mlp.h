// LayerNorm and MLP as one operator with a backward pass of its own.

#ifndef VIT_FUSED_MLP_H_
#define VIT_FUSED_MLP_H_

#include "ATen/core/Tensor.h"
#include "vit/layers.h"
#include "vit/mlp.h"

namespace vitrine::fused {

// output(Activate(hidden(norm(x)))). x and the result are [B, T, D].
// Differentiable once. The linear layers' operands are of the type (products.h).
at::Tensor NormMlp(const at::Tensor& x, const LayerNorm& norm, const Mlp& mlp,
                   at::ScalarType operands);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_MLP_H_
