#include "vit/fused/residual.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "ATen/Parallel.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty_like.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/dropout/dropout_mask.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kElementsATime = 256;  // whose factors lie in the first-level cache
constexpr int64_t kTimesAThread = 128;

// Calls f(begin, end, factors) for parts of so many elements, with the factors of each.
template <typename F>
void ForEachPart(int64_t size, const DropoutFactors& factors, const F& f) {
  const int64_t parts = (size + kElementsATime - 1) / kElementsATime;
  at::parallel_for(0, parts, kTimesAThread, [&](int64_t first, int64_t last) {
    std::array<float, kElementsATime> values;
    for (int64_t part = first; part < last; ++part) {
      const int64_t begin = part * kElementsATime, end = std::min(begin + kElementsATime, size);
      factors.Fill(begin, end - begin, values.data());
      f(begin, end, values.data());
    }
  });
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
    ForEachPart(sum.numel(), factors, [=](int64_t begin, int64_t end, const float* factor) {
      for (int64_t i = begin; i < end; ++i) to[i] = a[i] + b[i] * factor[i - begin];
    });
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
    ForEachPart(gradient.numel(), factors, [=](int64_t begin, int64_t end, const float* factor) {
      for (int64_t i = begin; i < end; ++i) to[i] = from[i] * factor[i - begin];
    });
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
