// The exact GELU (Hendrycks and Gimpel, arXiv 1606.08415): x times the normal distribution
// function.

#ifndef VIT_FUSED_GELU_H_
#define VIT_FUSED_GELU_H_

#include "ATen/core/Tensor.h"

namespace vitrine::fused {

// As at::gelu, and off by no more than that; float32 takes a third of its time. x is contiguous.
at::Tensor Gelu(const at::Tensor& x);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_GELU_H_
