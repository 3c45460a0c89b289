#include "base/tensors/gradient_hooks.h"

#include <memory>
#include <utility>

#include "glog/logging.h"
#include "torch/csrc/autograd/variable.h"

namespace vitrine {
namespace {

class Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit Hook(std::function<void()> ready) : ready_(std::move(ready)) {}
  void operator()(const at::Tensor&) override { ready_(); }

 private:
  const std::function<void()> ready_;
};

}  // namespace

GradientHooks::GradientHooks(std::vector<at::Tensor> tensors,
                             const std::function<void(size_t)>& ready)
    : tensors_(std::move(tensors)) {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    CHECK(torch::autograd::impl::post_acc_grad_hooks(tensors_[i]) == nullptr);
    torch::autograd::impl::set_post_acc_grad_hooks(
        tensors_[i], std::make_unique<Hook>([ready, i] { ready(i); }));
  }
}

GradientHooks::~GradientHooks() {
  for (const at::Tensor& tensor : tensors_) {
    torch::autograd::impl::set_post_acc_grad_hooks(tensor, nullptr);
  }
}

}  // namespace vitrine
