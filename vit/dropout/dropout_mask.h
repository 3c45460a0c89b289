// What dropout multiplies by, as a tensor.

#ifndef VIT_DROPOUT_DROPOUT_MASK_H_
#define VIT_DROPOUT_DROPOUT_MASK_H_

#include "ATen/core/Tensor.h"
#include "vit/dropout/dropout_factors.h"

namespace vitrine {

// 0 with the probability, else 1 / (1 - probability), independently for each element of the shape,
// in the options' type and on their device. By DropoutFactors, which depend on neither threads nor
// device; but by libtorch's numbers on a GPU where this program has no kernels for it.
at::Tensor DropoutMask(at::IntArrayRef shape, double probability, const DropoutKey& key,
                       const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_DROPOUT_DROPOUT_MASK_H_
