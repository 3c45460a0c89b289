// A bias and the exact GELU after a product, as one operator on a GPU.

#ifndef VIT_FUSED_CUDA_BIAS_GELU_H_
#define VIT_FUSED_CUDA_BIAS_GELU_H_

#include "ATen/core/Tensor.h"

namespace vitrine::fused::cuda {

// GELU(product + bias) in the product's type, computed in float32: the product [..., M] and the
// bias [M] in float32, M a multiple of 4. Differentiable once; the sum for the bias is the same
// each time.
at::Tensor BiasGelu(const at::Tensor& product, const at::Tensor& bias);

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_BIAS_GELU_H_
