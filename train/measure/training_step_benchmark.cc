// A whole training step, forward, backward and update, of the reproduction's steps:
//
//   tools/bazel run //train/measure:training_step_benchmark
//
// FLOP/s are StepFlops in the time of a step. of_peak is that rate as a share of the rate of one
// large product of the same operands.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "base/programs/memory.h"
#include "base/programs/processor.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "train/measure/measured_config.h"
#include "train/measure/random_batch.h"
#include "train/measure/step_flops.h"
#include "train/train_state.h"
#include "train/update/autocast_type.h"
#include "vit/fused/gemm_peak.h"

namespace vitrine {
namespace {

void TrainingStep(benchmark::State& state, const std::string& name,
                  const std::vector<std::string>& overrides) {
  KeepFreedMemory();
  const auto config = MeasuredConfig(name, overrides, at::kCPU);
  CHECK(config.ok()) << config.status();
  const double peak = fused::GemmPeak(AutocastType(config->precision()).value_or(at::kFloat));
  auto training = TrainState::Create(*config, at::kCPU);
  CHECK(training.ok()) << training.status();
  const Batch batch = RandomBatch(*config, at::kCPU);
  int64_t iteration = 0;
  for (auto _ : state) {
    const float loss = training->Step(iteration++, batch).value().loss.item<float>();
    CHECK(std::isfinite(loss) && loss > 0);
  }
  CHECK_EQ(training->optimizer().step_count(), iteration);
  fused::CountFlops(StepFlops(*config), peak, &state);
  state.SetItemsProcessed(state.iterations() * config->data().batch_size());
}

// BM_TrainingStep/step3/FUSED/FP32/batch:32
void Register(const std::string& name, const std::string& precision, int batch) {
  for (const std::string kernels : {"FUSED", "REFERENCE"}) {
    // For which libtorch takes minutes a step.
    if (kernels == "REFERENCE" && precision == "BF16" && !HasBfloat16()) continue;
    const std::vector<std::string> overrides = {absl::StrCat("kernels=", kernels),
                                                absl::StrCat("precision=", precision),
                                                absl::StrCat("data.batch_size=", batch)};
    benchmark::RegisterBenchmark(
        absl::StrCat("BM_TrainingStep/", name, "/", kernels, "/", precision, "/batch:", batch)
            .c_str(),
        [=](benchmark::State& state) { TrainingStep(state, name, overrides); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
}

const bool registered = [] {
  for (const std::string precision : {"FP32", "BF16"}) {
    Register("step2", precision, 32);
    Register("step3", precision, 32);
    Register("step5", precision, 32);
    Register("step6", precision, 32);
    Register("step7", precision, 8);
  }
  return true;
}();

}  // namespace
}  // namespace vitrine
