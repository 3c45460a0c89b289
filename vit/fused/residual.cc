#include "vit/fused/residual.h"

#include <cstdint>

#include "ATen/Parallel.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty_like.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"
#include "vit/dropout_mask.h"

namespace vitrine::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kPairsAThread = 1 << 14;

// Calls f(i, factor) for each element of so many.
template <typename F>
void ForEachElement(int64_t size, const DropoutFactors& factors, const F& f) {
  at::parallel_for(0, size / 2, kPairsAThread, [&](int64_t begin, int64_t end) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const auto [first, second] = factors.OfPair(pair);
      f(2 * pair, first);
      f(2 * pair + 1, second);
    }
  });
  if (size % 2 == 1) f(size - 1, factors.OfPair(size / 2).first);
}

struct AddDroppedFunction : torch::autograd::Function<AddDroppedFunction> {
  static at::Tensor forward(AutogradContext* saved, const at::Tensor& x, const at::Tensor& branch,
                            double probability, uint64_t key) {
    const DropoutFactors factors(probability, key);
    const at::Tensor first = x.contiguous(), second = branch.contiguous();
    at::Tensor sum = at::empty_like(first);
    const float* a = first.const_data_ptr<float>();
    const float* b = second.const_data_ptr<float>();
    float* to = sum.mutable_data_ptr<float>();
    ForEachElement(sum.numel(), factors,
                   [=](int64_t i, float factor) { to[i] = a[i] + b[i] * factor; });
    saved->saved_data["key"] = static_cast<int64_t>(key);
    saved->saved_data["probability"] = probability;
    return sum;
  }

  static variable_list backward(AutogradContext* saved, const variable_list& gradients) {
    CHECK(!at::GradMode::is_enabled()) << "fused dropout has no second derivative";
    const DropoutFactors factors(saved->saved_data["probability"].toDouble(),
                                 static_cast<uint64_t>(saved->saved_data["key"].toInt()));
    const at::Tensor gradient = gradients[0].contiguous();
    at::Tensor d_branch = at::empty_like(gradient);
    const float* from = gradient.const_data_ptr<float>();
    float* to = d_branch.mutable_data_ptr<float>();
    ForEachElement(gradient.numel(), factors,
                   [=](int64_t i, float factor) { to[i] = from[i] * factor; });
    return {gradient, d_branch, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor AddDropped(const at::Tensor& x, const at::Tensor& branch, double probability,
                      at::Generator generator) {
  CHECK(x.sizes() == branch.sizes());
  CHECK(x.scalar_type() == at::kFloat && branch.scalar_type() == at::kFloat);
  return AddDroppedFunction::apply(x, branch, probability, DrawDropoutKey(generator));
}

}  // namespace vitrine::fused
