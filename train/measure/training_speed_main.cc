// How long training steps take, and how much memory: on random images, without data, logs and
// files. tools/training_speed compares it with PyTorch.
//
// Prints the sizes that a peer must share, as one line of JSON. Then for each line of input, a
// number of steps, it takes them and prints {"milliseconds": [...], "peak_mib": ...}.

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "base/device.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "nlohmann/json.hpp"
#include "train/config.h"
#include "train/experiment.h"
#include "train/measure/random_batch.h"
#include "train/train_state.h"
#include "train/validate.h"

DEFINE_string(config, "quickstart", "a config of train/configs by name, or a textproto file");
DEFINE_string(device, "auto", "auto, cpu or cuda");
DEFINE_string(torch_cuda_library, "",
              "libtorch_cuda.so of an installed PyTorch 2.11.0, for a program built without CUDA");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train/measure:training_speed -- [flags] [field.path=value ...]\n"
    "Times training steps on random images; reads how many from the standard input.";

// The most memory that this process has had so far.
double PeakMib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

absl::StatusOr<ExperimentConfig> ResolveConfig(const std::vector<std::string>& overrides,
                                               at::Device device) {
  ASSIGN_OR_RETURN(ExperimentConfig config, LoadConfig(FLAGS_config));
  RETURN_IF_ERROR(CompleteConfig(overrides, device, &config));
  const std::vector<std::string> unavailable = Unavailable(config, device);
  if (!unavailable.empty()) return UsageError(absl::StrJoin(unavailable, "\n"));
  return config;
}

nlohmann::json Sizes(const ExperimentConfig& config) {
  const ModelConfig& model = config.model();
  return {{"image_size", model.image_size()},
          {"channels", model.channels()},
          {"patch_size", model.patch_size()},
          {"classes", model.num_classes()},
          {"depth", model.depth()},
          {"heads", model.heads()},
          {"width", model.width()},
          {"dropout", model.dropout()},
          {"batch_size", config.data().batch_size()},
          {"precision", ExperimentConfig::Precision_Name(config.precision())},
          {"weight_decay", config.optimizer().weight_decay()},
          {"clip_norm", config.optimizer().clip_norm()}};
}

absl::Status Run(const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const at::Device device,
                   AsUsageError(FindDevice(FLAGS_device, UserPath(FLAGS_torch_cuda_library))));
  ASSIGN_OR_RETURN(const ExperimentConfig config, AsUsageError(ResolveConfig(overrides, device)));
  at::set_num_threads(config.threads());
  KeepFreedMemory();
  std::cout << Sizes(config) << std::endl;
  const double before = PeakMib();
  ASSIGN_OR_RETURN(TrainState state, TrainState::Create(config, device));
  const Batch batch = RandomBatch(config, device);
  int64_t iteration = 0;
  for (int64_t steps; std::cin >> steps;) {
    std::vector<double> milliseconds;
    for (; steps > 0; --steps) {
      const auto start = std::chrono::steady_clock::now();
      state.Step(iteration++, batch).loss.item<float>();
      const std::chrono::duration<double, std::milli> time =
          std::chrono::steady_clock::now() - start;
      milliseconds.push_back(time.count());
    }
    const nlohmann::json answer = {{"milliseconds", milliseconds},
                                   {"peak_mib", PeakMib() - before}};
    std::cout << answer << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
