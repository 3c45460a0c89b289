// Attention by the kernels here and by libtorch's operator, forward, for the heads of ViT-Ti and
// ViT-B at 224 and of steps 3 and 6:
//
//   tools/bazel run //vit/fused:scaled_dot_product_benchmark
//
// FLOP/s count the two products. of_peak is their rate as a share of the rate of one large product
// of the same operands, measured in the same run.

#include <cstdint>
#include <tuple>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h"
#include "ATen/ops/empty.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "vit/fused/gemm_peak.h"
#include "vit/fused/scaled_dot_product.h"

namespace vitrine::fused {
namespace {

constexpr int64_t kSize = 64;  // of a head

at::Tensor ByLibtorch(const AttentionRows& rows, const AttentionSizes& sizes) {
  const auto split = [&](const at::Tensor& x) {
    return x.view({sizes.batch, -1, sizes.heads, kSize}).transpose(1, 2);
  };
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
      split(rows.queries), split(rows.keys), split(rows.values)));
}

// The queries, keys and values of a token lie one after another.
void BM_AttentionForward(benchmark::State& state, bool here, at::ScalarType type) {
  const AttentionSizes sizes{.batch = state.range(0), .heads = state.range(1)};
  const int64_t tokens = state.range(2), width = sizes.heads * kSize;
  const at::Tensor packed = at::empty({sizes.batch * tokens, 3 * width})
                                .normal_(0, 1, at::detail::createCPUGenerator(1))
                                .to(type);
  const std::vector<at::Tensor> parts = packed.split(width, 1);
  const AttentionRows rows{parts[0], parts[1], parts[2]};
  at::Tensor mixed;
  for (auto _ : state) mixed = here ? Attend(rows, sizes).mixed : ByLibtorch(rows, sizes);
  CHECK_GT(mixed.abs().max().item<double>(), 0) << "nothing was computed";
  CountFlops(4.0 * sizes.batch * tokens * tokens * width, GemmPeak(type), &state);
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"B", "heads", "T"})
      ->Args({1, 3, 197})
      ->Args({8, 3, 197})
      ->Args({8, 12, 197})
      ->Args({32, 12, 17})
      ->Args({32, 8, 65})
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

BENCHMARK_CAPTURE(BM_AttentionForward, libtorch_fp32, false, at::kFloat)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_AttentionForward, here_fp32, true, at::kFloat)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_AttentionForward, here_bf16, true, at::kBFloat16)->Apply(Sizes);

}  // namespace
}  // namespace vitrine::fused
