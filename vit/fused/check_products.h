// Whether the products of this folder are right on this machine, asked before they are trusted.

#ifndef VIT_FUSED_CHECK_PRODUCTS_H_
#define VIT_FUSED_CHECK_PRODUCTS_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"

namespace vitrine::fused {

// Compares the three products of a linear layer, large enough for every thread to have a share,
// with libtorch's own in double, in milliseconds. Internal if one is far off: what computes them
// chooses its code and its threads by the processor and the environment, and was wrong without a
// word where these contradict each other.
absl::Status CheckProducts(at::ScalarType operands);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_CHECK_PRODUCTS_H_
