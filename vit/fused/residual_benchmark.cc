// Dropout and the residual sum in one pass, and by libtorch's operators with a mask in memory, at
// the size of step 6's residual stream:
//
//   tools/bazel run //vit/fused:residual_benchmark
//
// Bytes are those that have to be read and written at least, whichever way it is done.

#include <cstdint>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones_like.h"
#include "base/programs/memory.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "vit/dropout/dropout_mask.h"
#include "vit/fused/residual.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 32, kTokens = 65, kWidth = 512;
constexpr double kDropout = 0.1;

at::Tensor Random() {
  return at::empty({kBatch, kTokens, kWidth}).normal_(0, 1, at::detail::createCPUGenerator(1));
}

void BM_AddDroppedForwardBackward(benchmark::State& state, bool fused) {
  KeepFreedMemory();  // as training does: no page is new
  at::Tensor x = Random().requires_grad_(true), branch = Random().requires_grad_(true);
  const at::Tensor gradient = at::ones_like(x);
  const DropoutKey key{.value = 1};
  for (auto _ : state) {
    x.mutable_grad().reset();
    branch.mutable_grad().reset();
    const at::Tensor sum =
        fused ? fused::AddDropped(x, branch, kDropout, key)
              : x + branch * DropoutMask(branch.sizes(), kDropout, key, branch.options());
    sum.backward(gradient);
  }
  CHECK_NEAR(branch.grad().mean().item<float>(), 1, 0.01);
  state.SetBytesProcessed(state.iterations() * 5 * x.numel() * x.element_size());
}

BENCHMARK_CAPTURE(BM_AddDroppedForwardBackward, plain, false)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_AddDroppedForwardBackward, fused, true)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace vitrine
