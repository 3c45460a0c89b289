#include "vit/fused/gemm_peak.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>

#include "ATen/ops/mm.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "base/programs/processor.h"
#include "vit/fused/products.h"

namespace vitrine::fused {
namespace {

constexpr int kSize = 2048, kTrials = 5;

double Rate(const std::function<at::Tensor()>& product) {
  const auto start = std::chrono::steady_clock::now();
  const at::Tensor result = product();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return 2.0 * kSize * kSize * kSize / time.count();
}

double Measure(at::ScalarType operands) {
  const at::Tensor a = at::ones({kSize, kSize}, operands), b = at::ones({kSize, kSize}, operands),
                   bias = at::zeros({kSize});
  // libtorch takes minutes for a product without instructions for it.
  const bool by_libtorch = operands == at::kFloat || HasBfloat16();
  double best = 0;
  for (int i = 0; i < kTrials; ++i) {
    best = std::max(best, Rate([&] { return Forward(a, b, bias); }));
    if (by_libtorch) best = std::max(best, Rate([&] { return at::mm(a, b); }));
  }
  return best;
}

}  // namespace

double GemmPeak(at::ScalarType operands) {
  static std::map<at::ScalarType, double> peaks;
  const auto [peak, is_new] = peaks.try_emplace(operands);
  if (is_new) peak->second = Measure(operands);
  return peak->second;
}

void CountFlops(double flops, double peak, benchmark::State* state) {
  using benchmark::Counter;
  state->counters["FLOP/s"] = Counter(flops, Counter::kIsIterationInvariantRate);
  state->counters["of_peak"] = Counter(flops / peak, Counter::kIsIterationInvariantRate);
}

}  // namespace vitrine::fused
