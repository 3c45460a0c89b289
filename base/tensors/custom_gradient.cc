#include "base/tensors/custom_gradient.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"

namespace vitrine {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What libtorch keeps between the two passes besides tensors.
struct Kept : torch::CustomClassHolder {
  Kept(std::string_view name, size_t inputs, Backward backward)
      : name(name), inputs(inputs), backward(std::move(backward)) {}

  const std::string name;
  const size_t inputs;
  const Backward backward;
};

bool AnyIsDefined(const variable_list& tensors) {
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const at::Tensor& tensor) { return tensor.defined(); });
}

struct CustomFunction : torch::autograd::Function<CustomFunction> {
  static variable_list forward(AutogradContext* context, at::TensorList /*inputs*/,
                               absl::FunctionRef<ForwardPass()> forward,
                               c10::intrusive_ptr<Kept> kept) {
    ForwardPass pass = forward();
    context->save_for_backward(std::move(pass.saved));
    context->set_materialize_grads(false);
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    return std::move(pass.outputs);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto kept =
        c10::static_intrusive_pointer_cast<Kept>(context->saved_data["kept"].toCapsule());
    CHECK(!at::GradMode::is_enabled()) << kept->name << " has no second derivative";
    variable_list result(kept->inputs);
    if (AnyIsDefined(gradients)) {
      BackwardPass pass{std::move(gradients), context->get_saved_variables(), {}};
      for (size_t i = 0; i < kept->inputs; ++i) pass.needed.push_back(context->needs_input_grad(i));
      result = kept->backward(pass);
      CHECK_EQ(result.size(), kept->inputs) << kept->name;
    }
    result.resize(kept->inputs + 2);  // and none for the other arguments of forward
    return result;
  }
};

}  // namespace

std::vector<at::Tensor> WithGradient(std::string_view name, const std::vector<at::Tensor>& inputs,
                                     absl::FunctionRef<ForwardPass()> forward, Backward backward) {
  std::vector<at::Tensor> defined = inputs;
  for (at::Tensor& tensor : defined) {
    if (!tensor.defined()) tensor = at::empty({0});  // libtorch asks each for its type
  }
  return CustomFunction::apply(at::TensorList(defined), forward,
                               c10::make_intrusive<Kept>(name, inputs.size(), std::move(backward)));
}

}  // namespace vitrine
