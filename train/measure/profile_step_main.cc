// What a training step spends its time on: a GPU's kernels, or a CPU's operators.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "base/cuda_graph/recorder.h"
#include "base/files/file.h"
#include "base/programs/memory.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "gflags/gflags.h"
#include "train/experiment.h"
#include "train/measure/measured_config.h"
#include "train/measure/profile.h"
#include "train/measure/random_batch.h"
#include "train/settings/validate.h"
#include "train/stepper.h"
#include "train/train_state.h"

DEFINE_string(config, "quickstart", "a config of train/configs by name, or a textproto file");
DEFINE_bool(cuda_graph, true, "on a GPU: take steps as a CUDA graph, as training does");
DEFINE_int32(steps, 5, "how many are profiled, after three that are not");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train/measure:profile_step -- [flags] [field.path=value ...]\n"
    "Prints what a training step on random images spends its time on.";

double Milliseconds(absl::FunctionRef<void()> compute) {
  const auto start = std::chrono::steady_clock::now();
  compute();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return time.count();
}

absl::StatusOr<ExperimentConfig> ResolveConfig(const std::vector<std::string>& overrides,
                                               at::Device device) {
  if (FLAGS_steps < 1) return UsageError("--steps: at least 1");
  ASSIGN_OR_RETURN(const ExperimentConfig config, MeasuredConfig(FLAGS_config, overrides, device));
  RETURN_IF_ERROR(CheckAvailable(config, device));
  return config;
}

// A step is what its kernels took and what the device waited: for a GPU that is launching, for a
// CPU what lies between operators.
void Print(const std::vector<TimedKernel>& kernels, double step) {
  const double steps = FLAGS_steps;
  double all = 0;
  for (const TimedKernel& kernel : kernels) all += kernel.milliseconds / steps;
  std::cout << absl::StrFormat("%.2f ms a step, of which %.2f (%.0f %%) below\n\n", step, all,
                               100 * all / step);
  std::cout << " share   ms a step  calls a step  name\n";
  for (const TimedKernel& kernel : kernels) {
    const double own = kernel.milliseconds / steps;
    std::cout << absl::StrFormat("%5.1f %%  %10.3f  %12.1f  %s\n", 100 * own / all, own,
                                 static_cast<double>(kernel.calls) / steps, kernel.name);
  }
}

absl::Status Run(const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  ASSIGN_OR_RETURN(const ExperimentConfig config, AsUsageError(ResolveConfig(overrides, device)));
  RETURN_IF_ERROR(PrepareProcessor(config, device));
  KeepFreedMemory();
  ASSIGN_OR_RETURN(TrainState state, TrainState::Create(config, device));
  Stepper stepper(&state, FLAGS_cuda_graph ? RecorderOf(device) : nullptr);
  const Batch batch = RandomBatch(config, device);
  int64_t iteration = 0;
  const auto take = [&](int steps) {
    for (; steps > 0; --steps) stepper.Step(iteration++, batch).value().loss.item<float>();
  };
  take(3);  // memory and caches, and a recorded step
  const double step = Milliseconds([&] { take(FLAGS_steps); }) / FLAGS_steps;
  Print(Profile(device, [&] { take(FLAGS_steps); }), step);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
