// The nonlinearity of an MLP, with its derivative for operators that have a backward pass of their
// own.

#ifndef VIT_ACTIVATION_H_
#define VIT_ACTIVATION_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "vit/model.pb.h"

namespace vitrine {

// [..., n H] to [..., H], where n is 2 for SWIGLU and 1 for the others.
at::Tensor Activate(ModelConfig::Activation activation, const at::Tensor& x);

// The gradient of x, from that of the result. May overwrite the latter.
at::Tensor ActivateBackward(ModelConfig::Activation activation, at::Tensor gradient,
                            const at::Tensor& x);

// n above.
int64_t InputsOfEach(ModelConfig::Activation activation);

}  // namespace vitrine

#endif  // VIT_ACTIVATION_H_
