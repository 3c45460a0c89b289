// Dropout of a branch and its sum with the residual stream as one operator.

#ifndef VIT_FUSED_RESIDUAL_H_
#define VIT_FUSED_RESIDUAL_H_

#include "ATen/core/Tensor.h"
#include "vit/dropout/dropout_factors.h"

namespace vitrine::fused {

// x + branch * DropoutMask(...), to the same bits, without a mask in memory: the backward pass
// forms it again. Both are float32 of one shape on the CPU. Differentiable once.
at::Tensor AddDropped(const at::Tensor& x, const at::Tensor& branch, double probability,
                      const DropoutKey& key);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_RESIDUAL_H_
