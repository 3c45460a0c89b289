// What dropout multiplies by (Srivastava et al., JMLR 15, 2014).

#ifndef VIT_DROPOUT_MASK_H_
#define VIT_DROPOUT_MASK_H_

#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"

namespace vitrine {

// 0 with the probability, else 1 / (1 - probability), independently for each element of the shape,
// in the options' type and on their device, where the generator must lie. On a CPU one draw of the
// generator is the key of a counter-based stream (base/random.h), half a number of it an element:
// the mask does not depend on the number of threads.
at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_DROPOUT_MASK_H_
