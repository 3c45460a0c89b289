#include "vit/recompute.h"

#include <array>
#include <utility>

#include "ATen/core/grad_mode.h"
#include "base/tensors/autocast_mode.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/custom_function.h"

namespace vitrine {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// How a thread casts the operands of products: on the CPU and on one more kind of device.
struct Autocast {
  // As it is on this thread.
  explicit Autocast(c10::DeviceType device) : devices{c10::kCPU, device} {
    for (size_t i = 0; i < devices.size(); ++i) {
      enabled[i] = at::autocast::is_autocast_enabled(devices[i]);
      types[i] = at::autocast::get_autocast_dtype(devices[i]);
    }
    cache = at::autocast::is_autocast_cache_enabled();
  }

  void SetOnThisThread() const {
    for (size_t i = 0; i < devices.size(); ++i) {
      at::autocast::set_autocast_enabled(devices[i], enabled[i]);
      at::autocast::set_autocast_dtype(devices[i], types[i]);
    }
    at::autocast::set_autocast_cache_enabled(cache);
  }

  std::array<c10::DeviceType, 2> devices;
  std::array<bool, 2> enabled;
  std::array<at::ScalarType, 2> types;
  bool cache;  // Are casts of parameters kept for later use?
};

class ScopedAutocast {
 public:
  explicit ScopedAutocast(const Autocast& autocast) : before_(autocast.devices[1]) {
    autocast.SetOnThisThread();
  }
  ~ScopedAutocast() { before_.SetOnThisThread(); }
  ScopedAutocast(const ScopedAutocast&) = delete;
  ScopedAutocast& operator=(const ScopedAutocast&) = delete;

 private:
  Autocast before_;
};

// What the second run needs besides tensors.
struct Call : torch::CustomClassHolder {
  Call(Computation compute, const ForwardContext& context, c10::DeviceType device)
      : compute(std::move(compute)), context(context), autocast(device) {
    // What the second run left in the cache would still be there in the next forward pass, when the
    // parameters have moved on. A run needs each cast once, so it loses nothing.
    autocast.cache = false;
  }

  at::Tensor Run(const at::Tensor& x, const ForwardContext& context) const {
    const ScopedAutocast scoped(autocast);
    return compute(x, context);
  }

  // As Run did at first: from a copy of the generator, so that it could be done any number of
  // times.
  at::Tensor RunAgain(const at::Tensor& x) const {
    ForwardContext again = context;
    if (again.generator.has_value()) again.generator = again.generator->clone();
    const at::AutoGradMode with_gradients(true);
    return Run(x, again);
  }

  Computation compute;
  ForwardContext context;
  Autocast autocast;
};

struct RecomputeFunction : torch::autograd::Function<RecomputeFunction> {
  static at::Tensor forward(AutogradContext* saved, const at::Tensor& x, at::TensorList parameters,
                            Computation compute, const ForwardContext& context) {
    auto call = c10::make_intrusive<Call>(std::move(compute), context, x.device().type());
    // The generator itself must move on as in a plain pass, so the copy is for the second run.
    if (context.generator.has_value()) call->context.generator = context.generator->clone();
    variable_list tensors{x};
    tensors.insert(tensors.end(), parameters.begin(), parameters.end());
    saved->save_for_backward(std::move(tensors));
    const at::Tensor y = call->Run(x, context);
    saved->saved_data["call"] = c10::IValue::make_capsule(std::move(call));
    return y;
  }

  static variable_list backward(AutogradContext* saved, const variable_list& output_gradients) {
    CHECK(!at::GradMode::is_enabled()) << "recomputation has no second derivative";
    const auto call =
        c10::static_intrusive_pointer_cast<Call>(saved->saved_data["call"].toCapsule());
    variable_list tensors = saved->get_saved_variables();
    tensors[0] = tensors[0].detach().requires_grad_(saved->needs_input_grad(0));
    const at::Tensor y = call->RunAgain(tensors[0]);

    std::vector<size_t> wanted;
    variable_list inputs;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!saved->needs_input_grad(i)) continue;
      wanted.push_back(i);
      inputs.push_back(tensors[i]);
    }
    const variable_list found =
        torch::autograd::grad({y}, inputs, output_gradients, /*retain_graph=*/false,
                              /*create_graph=*/false, /*allow_unused=*/true);
    // One for each argument of forward: none for compute and context.
    variable_list gradients(tensors.size() + 2);
    for (size_t i = 0; i < wanted.size(); ++i) gradients[wanted[i]] = found[i];
    return gradients;
  }
};

}  // namespace

at::Tensor Recompute(Computation compute, const at::Tensor& x,
                     const std::vector<at::Tensor>& parameters, const ForwardContext& context) {
  CHECK(context.intermediates == nullptr) << "intermediates of what is recomputed are not kept";
  return RecomputeFunction::apply(x, at::TensorList(parameters), std::move(compute), context);
}

}  // namespace vitrine
