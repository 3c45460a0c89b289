// A call as soon as a backward pass has left its gradient in a tensor, while the pass goes on. Its
// .cc file is the only one that includes libtorch's header for it, which takes ten seconds to
// compile.
//
//   {
//     const GradientHooks hooks(parameters, [&](size_t i) { Use(parameters[i].grad()); });
//     loss.backward();
//   }

#ifndef BASE_TENSORS_GRADIENT_HOOKS_H_
#define BASE_TENSORS_GRADIENT_HOOKS_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

class GradientHooks {
 public:
  // From now on, and as long as this lives, `ready(i)` is called on the thread of the backward pass
  // once it has added to the gradient of `tensors[i]`; `ready` may take that away. The tensors are
  // leaves that require a gradient, and have no other such hooks.
  GradientHooks(std::vector<at::Tensor> tensors, const std::function<void(size_t)>& ready);
  ~GradientHooks();
  GradientHooks(const GradientHooks&) = delete;
  GradientHooks& operator=(const GradientHooks&) = delete;

 private:
  const std::vector<at::Tensor> tensors_;
};

}  // namespace vitrine

#endif  // BASE_TENSORS_GRADIENT_HOOKS_H_
