#include "vit/recompute.h"

#include <array>
#include <utility>

#include "ATen/core/grad_mode.h"
#include "base/tensors/autocast_mode.h"
#include "base/tensors/custom_gradient.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/autograd.h"

namespace vitrine {
namespace {

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
struct Call {
  Call(Computation compute, const ForwardContext& context, c10::DeviceType device)
      : compute(std::move(compute)), context(context), autocast(device) {
    // What the second run left in the cache would still be there in the next forward pass, when the
    // parameters have moved on. A run needs each cast once, so it loses nothing.
    autocast.cache = false;
    // The keys themselves must move on as in a plain pass, so the copy is for the second run.
    if (context.dropout_keys) this->context.dropout_keys = context.dropout_keys->Clone();
  }

  at::Tensor Run(const at::Tensor& x, const ForwardContext& context) const {
    const ScopedAutocast scoped(autocast);
    return compute(x, context);
  }

  // As Run did at first: with a copy of the keys, so that it could be done any number of times.
  at::Tensor RunAgain(const at::Tensor& x) const {
    ForwardContext again = context;
    if (again.dropout_keys) again.dropout_keys = again.dropout_keys->Clone();
    const at::AutoGradMode with_gradients(true);
    return Run(x, again);
  }

  Computation compute;
  ForwardContext context;
  Autocast autocast;
};

std::vector<at::Tensor> RunBackward(const BackwardPass& pass, const Call& call) {
  std::vector<at::Tensor> tensors = pass.saved;
  tensors[0] = tensors[0].detach().requires_grad_(pass.needed[0]);
  const at::Tensor y = call.RunAgain(tensors[0]);

  std::vector<size_t> wanted;
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!pass.needed[i]) continue;
    wanted.push_back(i);
    inputs.push_back(tensors[i]);
  }
  const std::vector<at::Tensor> found =
      torch::autograd::grad({y}, inputs, pass.gradients, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true);
  std::vector<at::Tensor> gradients(tensors.size());
  for (size_t i = 0; i < wanted.size(); ++i) gradients[wanted[i]] = found[i];
  return gradients;
}

}  // namespace

at::Tensor Recompute(Computation compute, const at::Tensor& x,
                     const std::vector<at::Tensor>& parameters, const ForwardContext& context) {
  CHECK(context.intermediates == nullptr) << "intermediates of what is recomputed are not kept";
  std::vector<at::Tensor> inputs{x};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  const Call call(std::move(compute), context, x.device().type());
  return WithGradient(
      "recomputation", inputs,
      [&] { return ForwardPass{.outputs = {call.Run(x, context)}, .saved = inputs}; },
      [call](const BackwardPass& pass) { return RunBackward(pass, call); })[0];
}

}  // namespace vitrine
