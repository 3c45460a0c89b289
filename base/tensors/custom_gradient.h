// A computation with a backward pass of its own, as JAX's custom_vjp. Its .cc file is the only one
// that includes libtorch's header for it, which takes ten seconds to compile.
//
//   const std::vector<at::Tensor> outputs = WithGradient(
//       "cubes", {x}, [&] { return ForwardPass{.outputs = {x * x * x}, .saved = {x}}; },
//       [](const BackwardPass& pass) {
//         const at::Tensor& x = pass.saved[0];
//         return std::vector<at::Tensor>{3 * x * x * pass.gradients[0]};
//       });

#ifndef BASE_TENSORS_CUSTOM_GRADIENT_H_
#define BASE_TENSORS_CUSTOM_GRADIENT_H_

#include <functional>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"

namespace vitrine {

struct ForwardPass {
  std::vector<at::Tensor> outputs;  // inputs may be among them
  std::vector<at::Tensor> saved;    // for the backward pass; changing them before it is an error
};

struct BackwardPass {
  std::vector<at::Tensor> gradients;  // of the outputs; undefined where nothing used one, never all
  std::vector<at::Tensor> saved;
  std::vector<bool> needed;  // which inputs' gradients
};

// Gradients of the inputs, undefined where there is none. It runs after the function that it was
// made in has returned, so it captures by value: numbers, but no tensors, which belong to `saved`.
using Backward = std::function<std::vector<at::Tensor>(const BackwardPass& pass)>;

// The outputs of `forward`, which runs once, at once and without recording. Inputs may be
// undefined, as a bias that a layer has not. Asking for a second derivative is a broken invariant,
// in which `name` says of what.
std::vector<at::Tensor> WithGradient(std::string_view name, const std::vector<at::Tensor>& inputs,
                                     absl::FunctionRef<ForwardPass()> forward, Backward backward);

}  // namespace vitrine

#endif  // BASE_TENSORS_CUSTOM_GRADIENT_H_
