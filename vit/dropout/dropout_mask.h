// What dropout multiplies by, as a tensor.

#ifndef VIT_DROPOUT_DROPOUT_MASK_H_
#define VIT_DROPOUT_DROPOUT_MASK_H_

#include <cstdint>

#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"

namespace vitrine {

// The key of a mask's stream: one draw of a generator, which lies on the CPU.
uint64_t DrawDropoutKey(at::Generator& generator);

// 0 with the probability, else 1 / (1 - probability), independently for each element of the shape,
// in the options' type and on their device. By DropoutFactors, which depend on neither threads nor
// device, where the generator lies on the CPU; else by libtorch's numbers on the GPU.
at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_DROPOUT_DROPOUT_MASK_H_
