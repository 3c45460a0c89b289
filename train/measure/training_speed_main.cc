// How long training steps take, and how much memory: on random images, without data, logs and
// files. tools/training_speed compares it with PyTorch.
//
// Prints what a peer must share, as one line of JSON, and refuses a config that asks for more than
// the peer has. Then for each line of input, a number of steps, it takes them and prints
// {"milliseconds": [...], "peak_mib": ...}.

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cuda_graph/recorder.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/programs/memory.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "c10/core/CachingDeviceAllocator.h"
#include "gflags/gflags.h"
#include "train/experiment.h"
#include "train/measure/measured_config.h"
#include "train/measure/random_batch.h"
#include "train/measure/step_flops.h"
#include "train/settings/config.h"
#include "train/settings/validate.h"
#include "train/stepper.h"
#include "train/train_state.h"
#include "train/update/gradient.h"
#include "vit/config.h"

DEFINE_string(config, "quickstart", "a config of train/configs by name, or a textproto file");
DEFINE_bool(cuda_graph, true, "on a GPU: take steps as a CUDA graph, as training does");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train/measure:training_speed -- [flags] [field.path=value ...]\n"
    "Times training steps on random images; reads how many from the standard input.";

// What the peer, tools/training_speed_peer.py, has no choice of, and the only value it trains with.
// Data, logs and learning rates are not compared.
constexpr std::pair<std::string_view, std::string_view> kFixedInPeer[] = {
    {"model.pooling", "CLASS_TOKEN"},
    {"model.register_tokens", "0"},
    {"model.position_embedding", "LEARNED"},
    {"model.stochastic_depth", "0"},
    {"model.layer_scale", "0"},
    {"model.initialization", "UNIFORM_FAN_IN"},
    {"model.zero_head", "false"},
    {"model.class_token_position", "true"},
    {"model.distillation_token", "false"},
    {"model.patch_norms", "true"},
    {"model.patch_bias", "true"},
    {"model.embedding_norm", "false"},
    {"model.layer_norm_epsilon", "1e-5"},
    {"model.qkv_bias", "true"},
    {"model.query_key_norm", "NO_NORM"},
    {"model.activation", "GELU"},
    {"optimizer.layer_decay", "1"},
    {"optimizer.head_learning_rate_factor", "1"},
    {"optimizer.kind", "ADAMW"},
    {"micro_batch_size", "0"},
    {"recompute_blocks", "false"},
    {"ema.horizon_fraction", "0"},
    {"swa.every_iterations", "0"},
};

// The most memory that this process has had so far; of a GPU, what its tensors took.
double PeakMib(at::Device device) {
  if (device.is_cuda()) {
    const auto statistics = at::getDeviceAllocator(device.type())->getDeviceStats(device.index());
    constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return static_cast<double>(statistics.allocated_bytes[kAll].peak) / (1 << 20);
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Each field that the peer would pass over is a line of the error. The config has all defaults
// written.
absl::Status CheckPeerHasAll(const ExperimentConfig& config) {
  std::vector<std::string> problems;
  for (const auto& [field, value] : kFixedInPeer) {
    const std::string assignment = absl::StrCat(field, "=", value);
    ExperimentConfig peer = config;
    RETURN_IF_ERROR(ApplyOverride(assignment, &peer));
    if (ConfigDifferences(config, peer).empty()) continue;
    problems.push_back(absl::StrCat(field, ": the peer in PyTorch knows only ", value, "; ",
                                    assignment, " overrides it"));
  }
  if (ImageWidth(config.model()) != config.model().image_size()) {
    problems.push_back("model.image_width: the peer in PyTorch knows only squares");
  }
  if (!config.optimizer().frozen().empty()) {
    problems.push_back("optimizer.frozen: the peer in PyTorch trains all parameters");
  }
  return UsageErrors(problems);
}

absl::StatusOr<ExperimentConfig> ResolveConfig(const std::vector<std::string>& overrides,
                                               at::Device device) {
  ASSIGN_OR_RETURN(const ExperimentConfig config, MeasuredConfig(FLAGS_config, overrides, device));
  RETURN_IF_ERROR(CheckAvailable(config, device));
  RETURN_IF_ERROR(CheckPeerHasAll(config));
  return config;
}

// To what norm the gradients are clipped, in whatever order the config says it.
double ClipNorm(const OptimizerConfig& optimizer) {
  const bool scaled = optimizer.clip_order() == OptimizerConfig::AS_REPORTED_SCALED;
  return scaled ? optimizer.clip_norm() / ReportedLossScale(0) : optimizer.clip_norm();
}

Json Sizes(const ExperimentConfig& config, at::Device device) {
  const ModelConfig& model = config.model();
  const OptimizerConfig& optimizer = config.optimizer();
  return {{"threads", config.threads()},
          {"device", device.str()},
          {"image_size", model.image_size()},
          {"channels", model.channels()},
          {"patch_size", model.patch_size()},
          {"classes", model.num_classes()},
          {"depth", model.depth()},
          {"heads", model.heads()},
          {"width", model.width()},
          {"mlp_width", MlpWidth(model)},
          {"embedding_dropout", EmbeddingDropout(model)},
          {"attention_dropout", model.attention_dropout()},
          {"projection_dropout", ProjectionDropout(model)},
          {"mlp_dropout", MlpDropout(model)},
          {"batch_size", config.data().batch_size()},
          {"precision", ExperimentConfig::Precision_Name(config.precision())},
          {"loss_scale", config.loss_scale().initial()},
          {"growth_interval", config.loss_scale().growth_interval()},
          {"label_smoothing", config.loss().label_smoothing()},
          {"beta1", optimizer.beta1()},
          {"beta2", optimizer.beta2()},
          {"epsilon", optimizer.epsilon()},
          {"weight_decay", optimizer.weight_decay()},
          {"decay", OptimizerConfig::Decay_Name(optimizer.decay())},
          {"clip_norm", ClipNorm(optimizer)},
          {"flops", StepFlops(config)}};
}

absl::Status Run(const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  ASSIGN_OR_RETURN(const ExperimentConfig config, AsUsageError(ResolveConfig(overrides, device)));
  RETURN_IF_ERROR(PrepareProcessor(config, device));
  KeepFreedMemory();
  std::cout << Sizes(config, device) << std::endl;
  // A GPU's count begins with the model.
  const double before = device.is_cpu() ? PeakMib(device) : 0;
  ASSIGN_OR_RETURN(TrainState state, TrainState::Create(config, device));
  Stepper stepper(&state, FLAGS_cuda_graph ? RecorderOf(device) : nullptr);
  const Batch batch = RandomBatch(config, device);
  int64_t iteration = 0;
  for (int64_t steps; std::cin >> steps;) {
    std::vector<double> milliseconds;
    for (; steps > 0; --steps) {
      const auto start = std::chrono::steady_clock::now();
      stepper.Step(iteration++, batch).value().loss.item<float>();
      const std::chrono::duration<double, std::milli> time =
          std::chrono::steady_clock::now() - start;
      milliseconds.push_back(time.count());
    }
    const Json answer = {{"milliseconds", milliseconds}, {"peak_mib", PeakMib(device) - before}};
    std::cout << answer << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
