// A whole training step, forward, backward and update, of the reproduction's steps:
//
//   tools/bazel run //train/measure:training_step_benchmark
//
// FLOP/s count the products of the model as it is written: the last block's too, of which fused and
// plain kernels alike compute only what the head reads.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/memory.h"
#include "base/status_macros.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "train/config.h"
#include "train/experiment.h"
#include "train/measure/random_batch.h"
#include "train/train_state.h"
#include "vit/config.h"
#include "vit/fused/gemm_peak.h"
#include "vit/fused/products.h"

namespace vitrine {
namespace {

// Of the products of a training step: forward, and both gradients of each.
double StepFlops(const ExperimentConfig& config) {
  const ModelConfig& model = config.model();
  const double width = model.width(), tokens = SequenceLength(model);
  const double layers = 4 * width * width + 2 * width * MlpWidth(model);
  const double block = tokens * layers + 2 * tokens * tokens * width;
  const double embedding = PatchCount(model) * PatchLength(model) * width;
  const double sample = model.depth() * block + embedding + width * model.num_classes();
  return 2 * 3 * sample * config.data().batch_size();
}

absl::StatusOr<ExperimentConfig> Config(const std::string& name,
                                        const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(ExperimentConfig config, LoadConfig(name));
  RETURN_IF_ERROR(CompleteConfig(overrides, at::kCPU, &config));
  return config;
}

void TrainingStep(benchmark::State& state, const std::string& name,
                  const std::vector<std::string>& overrides) {
  KeepFreedMemory();
  const auto config = Config(name, overrides);
  CHECK(config.ok()) << config.status();
  fused::GemmPeak();
  auto training = TrainState::Create(*config, at::kCPU);
  CHECK(training.ok()) << training.status();
  const Batch batch = RandomBatch(*config, at::kCPU);
  int64_t iteration = 0;
  for (auto _ : state) {
    const float loss = training->Step(iteration++, batch).loss.item<float>();
    CHECK(std::isfinite(loss) && loss > 0);
  }
  CHECK_EQ(training->optimizer().step_count(), iteration);
  fused::CountFlops(StepFlops(*config), &state);
  state.SetItemsProcessed(state.iterations() * config->data().batch_size());
}

// BM_TrainingStep/step3/FUSED/FP32/batch:32
void Register(const std::string& name, const std::string& precision, int batch) {
  for (const std::string kernels : {"FUSED", "REFERENCE"}) {
    // For which libtorch takes minutes a step.
    if (kernels == "REFERENCE" && precision == "BF16" && !fused::HasBfloat16()) continue;
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
