// Activation checkpointing (Chen et al., arXiv 1604.06174): of a part of the network only the input
// is kept for the backward pass, which runs that part once more to have the rest. It costs one more
// forward pass and changes no bit of any result.
//
//   y = Recompute([block](const at::Tensor& x, const ForwardContext& context) {
//         return block(x, "", context);
//       }, x, parameters, context);

#ifndef VIT_RECOMPUTE_H_
#define VIT_RECOMPUTE_H_

#include <functional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"

namespace vitrine {

// A function of its arguments alone: it draws the context's keys and no other numbers. It
// may run after the object that it was made in is gone, so it captures by value.
using Computation = std::function<at::Tensor(const at::Tensor& x, const ForwardContext& context)>;

// compute(x, context). `parameters` are all other tensors whose gradients pass through compute; as
// in any backward pass, they must not change before it. The second run sees the random numbers and
// the autocast that the first saw. With gradients off there is no second run. Intermediates and
// second derivatives are a broken invariant.
at::Tensor Recompute(Computation compute, const at::Tensor& x,
                     const std::vector<at::Tensor>& parameters, const ForwardContext& context);

}  // namespace vitrine

#endif  // VIT_RECOMPUTE_H_
