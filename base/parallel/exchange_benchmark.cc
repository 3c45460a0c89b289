// What processes of one machine exchange, by Gloo on loopback; here they are threads. Bytes are
// those of the sum, not those that are sent:
//
//   tools/bazel run //base/parallel:exchange_benchmark

#include <chrono>
#include <cstdint>

#include "ATen/ops/zeros.h"
#include "absl/status/status.h"
#include "base/parallel/loopback_ranks.h"
#include "base/status_macros.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr std::chrono::minutes kTimeout{1};

// Has all ranks exchange as often as rank 0 is asked to; each time they first hear whether to go
// on.
template <typename Exchange>
void Run(benchmark::State& state, int size, Exchange exchange) {
  const auto follow = [&](ProcessGroup& group) -> absl::Status {
    while (true) {
      ASSIGN_OR_RETURN(const auto go_on, group.Gather({0}));
      if (go_on[0][0] == 0) return absl::OkStatus();
      RETURN_IF_ERROR(exchange(group));
    }
  };
  const auto lead = [&](ProcessGroup& group) -> absl::Status {
    for (auto _ : state) {
      RETURN_IF_ERROR(group.Gather({1}).status());
      RETURN_IF_ERROR(exchange(group));
    }
    return group.Gather({0}).status();
  };
  const auto statuses = OnLoopback(size, kTimeout, [&](ProcessGroup& group) {
    return group.rank() == 0 ? lead(group) : follow(group);
  });
  for (const absl::Status& status : statuses) CHECK(status.ok()) << status;
}

void BM_Gather(benchmark::State& state) {
  Run(state, state.range(0), [](ProcessGroup&) { return absl::OkStatus(); });
}

// Of so many ranks, and MiB.
void BM_SumInTree(benchmark::State& state) {
  const int64_t bytes = state.range(1) << 20;
  Run(state, state.range(0), [bytes](ProcessGroup& group) {
    thread_local const at::Tensor flat = at::zeros({bytes / 4}, at::kFloat);
    return group.SumInTree(flat);
  });
  state.SetBytesProcessed(state.iterations() * bytes);
}

// A section of a gradient, and all of ViT-Tiny's and about a third of ViT-Base's.
BENCHMARK(BM_Gather)->Arg(2)->Arg(4)->Arg(8)->UseRealTime();
BENCHMARK(BM_SumInTree)->ArgsProduct({{2, 4, 8}, {4, 22, 100}})->UseRealTime();

}  // namespace
}  // namespace vitrine
