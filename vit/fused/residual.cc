#include "vit/fused/residual.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/ops/empty_like.h"
#include "base/tensors/custom_gradient.h"
#include "glog/logging.h"
#include "vit/dropout/dropout_factors.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine::fused {
namespace {

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

at::Tensor Sum(const at::Tensor& x, const at::Tensor& branch, const DropoutFactors& factors) {
  const at::Tensor first = x.contiguous(), second = branch.contiguous();
  at::Tensor sum = at::empty_like(first);
  const float* a = first.const_data_ptr<float>();
  const float* b = second.const_data_ptr<float>();
  float* to = sum.mutable_data_ptr<float>();
  ForEachPart(sum.numel(), factors, [=](int64_t begin, int64_t end, const float* factor) {
    for (int64_t i = begin; i < end; ++i) to[i] = a[i] + b[i] * factor[i - begin];
  });
  return sum;
}

// Of a contiguous tensor.
at::Tensor Product(const at::Tensor& x, const DropoutFactors& factors) {
  at::Tensor product = at::empty_like(x);
  const float* from = x.const_data_ptr<float>();
  float* to = product.mutable_data_ptr<float>();
  ForEachPart(x.numel(), factors, [=](int64_t begin, int64_t end, const float* factor) {
    for (int64_t i = begin; i < end; ++i) to[i] = from[i] * factor[i - begin];
  });
  return product;
}

}  // namespace

at::Tensor AddDropped(const at::Tensor& x, const at::Tensor& branch, double probability,
                      const DropoutKey& key) {
  CHECK(x.sizes() == branch.sizes());
  CHECK(x.scalar_type() == at::kFloat && branch.scalar_type() == at::kFloat);
  const DropoutFactors factors(probability, key);
  return WithGradient(
      "fused dropout", {x, branch},
      [&] {
        return ForwardPass{{Sum(x, branch, factors)}, {}};
      },
      [factors](const BackwardPass& pass) {
        const at::Tensor gradient = pass.gradients[0].contiguous();
        return std::vector{gradient, Product(gradient, factors)};
      })[0];
}

}  // namespace vitrine::fused
