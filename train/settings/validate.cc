#include "train/settings/validate.h"

#include <bit>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/problems.h"
#include "data/validate.h"
#include "vit/config.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine {
namespace {

constexpr char kNoMinival[] =
    "validation.every_iterations: needs a minival, data.minival_size above 0 or a validation part "
    "beside train and test, since nothing is validated on the test split during a run";

bool IsFraction(double x) { return x >= 0 && x < 1; }

void CheckSchedule(const ScheduleConfig& schedule, Problems* problems) {
  if (schedule.has_epochs()) {
    problems->Check(schedule.epochs() > 0 && std::isfinite(schedule.epochs()),
                    absl::StrCat("schedule.epochs: must be positive, is ", schedule.epochs()));
  } else {
    problems->Check(
        schedule.iterations() > 0,
        absl::StrCat("schedule.iterations: must be positive, is ", schedule.iterations()));
  }
  problems->Check(schedule.max_learning_rate() > 0 && std::isfinite(schedule.max_learning_rate()),
                  absl::StrCat("schedule.max_learning_rate: must be positive, is ",
                               schedule.max_learning_rate()));
  problems->Check(
      schedule.min_learning_rate() >= 0 &&
          schedule.min_learning_rate() <= schedule.max_learning_rate(),
      absl::StrCat("schedule.min_learning_rate: must be from 0 to max_learning_rate, is ",
                   schedule.min_learning_rate()));
  problems->NotNegative("schedule.warmup_iterations", schedule.warmup_iterations());
  problems->NotNegative("schedule.warmup_epochs", schedule.warmup_epochs());
  problems->Check(IsFraction(schedule.warmup_fraction()),
                  absl::StrCat("schedule.warmup_fraction: must be from 0 to below 1, is ",
                               schedule.warmup_fraction()));
  const bool comparable = !schedule.has_epochs() && schedule.warmup_iterations() > 0;
  problems->Check(!comparable || schedule.warmup_iterations() < schedule.iterations(),
                  absl::StrCat("schedule.warmup_iterations: must be below schedule.iterations ",
                               schedule.iterations(), ", is ", schedule.warmup_iterations(),
                               "; lower it, or set schedule.warmup_fraction=0.1, which goes with a "
                               "run of any length"));
}

void CheckOptimizer(const OptimizerConfig& optimizer, Problems* problems) {
  problems->Check(IsFraction(optimizer.beta1()) && IsFraction(optimizer.beta2()),
                  "optimizer.beta1, optimizer.beta2: must be from 0 to below 1");
  problems->Check(IsFraction(optimizer.momentum()),
                  "optimizer.momentum: must be from 0 to below 1");
  problems->Check(optimizer.epsilon() > 0 && std::isfinite(optimizer.epsilon()),
                  "optimizer.epsilon: must be positive");
  problems->NotNegative("optimizer.weight_decay", optimizer.weight_decay());
  problems->NotNegative("optimizer.clip_norm", optimizer.clip_norm());
  problems->InRange("optimizer.layer_decay", optimizer.layer_decay(), 0.01, 1);
  problems->InRange("optimizer.head_learning_rate_factor", optimizer.head_learning_rate_factor(), 0,
                    1e6);
  problems->Check(
      optimizer.clip_order() == OptimizerConfig::UNSCALED || optimizer.clip_norm() > 0,
      "optimizer.clip_order: AS_REPORTED_SCALED clips, so optimizer.clip_norm must be positive");
}

void CheckIntervals(const ExperimentConfig& config, Problems* problems) {
  problems->Check(config.logging().every_iterations() > 0,
                  "logging.every_iterations: must be positive");
  const ValidationConfig& validation = config.validation();
  problems->NotNegative("validation.every_iterations", validation.every_iterations());
  problems->NotNegative("validation.every_epochs", validation.every_epochs());
  problems->InRange("validation.every_fraction", validation.every_fraction(), 0, 1);
  const CheckpointConfig& checkpoint = config.checkpoint();
  problems->NotNegative("checkpoint.every_iterations", checkpoint.every_iterations());
  problems->NotNegative("checkpoint.every_epochs", checkpoint.every_epochs());
  problems->InRange("checkpoint.every_fraction", checkpoint.every_fraction(), 0, 1);
  problems->NotNegative("checkpoint.keep_last", checkpoint.keep_last());
  problems->NotNegative("checkpoint.keep_every", checkpoint.keep_every());
  const bool validates = validation.every_iterations() > 0 || validation.every_epochs() > 0 ||
                         validation.every_fraction() > 0;
  problems->Check(
      !validates || config.data().minival_size() > 0 || MayGiveValidation(config.data().source()),
      kNoMinival);
  problems->Check(!checkpoint.keep_best() || validates,
                  "checkpoint.keep_best: needs validation.every_iterations above 0");
}

void CheckSwa(const SwaConfig& swa, Problems* problems) {
  problems->NotNegative("swa.every_iterations", swa.every_iterations());
  problems->NotNegative("swa.every_epochs", swa.every_epochs());
  problems->InRange("swa.every_fraction", swa.every_fraction(), 0, 1);
  problems->NotNegative("swa.start_iteration", swa.start_iteration());
  problems->Check(
      IsFraction(swa.start_fraction()),
      absl::StrCat("swa.start_fraction: must be from 0 to below 1, is ", swa.start_fraction()));
}

void CheckShards(int shards, const DataConfig& data, Problems* problems) {
  problems->Check(
      shards > 0 && data.batch_size() % shards == 0,
      absl::StrCat("shards: must divide data.batch_size ", data.batch_size(), ", is ", shards));
  problems->Check(shards <= 1 || data.last_batch() == DataConfig::DROP,
                  "data.last_batch: KEEP gives batches that shards do not divide; set DROP, or "
                  "shards=1");
}

// Whether each process has a power of two of the shards, or one has all: a subtree of
// GradientSum's.
bool CanShare(int shards, int processes) {
  const int own = shards / processes;
  return processes == 1 ||
         (shards % processes == 0 && std::has_single_bit(static_cast<unsigned>(own)));
}

void CheckTraining(const ExperimentConfig& config, Problems* problems) {
  problems->InRange("threads", config.threads(), 0, 4096);
  problems->Check(IsFraction(config.loss().label_smoothing()),
                  absl::StrCat("loss.label_smoothing: must be from 0 to below 1, is ",
                               config.loss().label_smoothing()));
  problems->InRange("loss_scale.initial", config.loss_scale().initial(), 1, 0x1p24);
  problems->InRange("loss_scale.growth_interval", config.loss_scale().growth_interval(), 1, 1e9);
  problems->InRange("ema.horizon_fraction", config.ema().horizon_fraction(), 0, 1);
  problems->NotNegative("micro_batch_size", config.micro_batch_size());
  CheckShards(config.shards(), config.data(), problems);
}

}  // namespace

std::vector<std::string> ConfigProblems(const ExperimentConfig& config) {
  Problems problems;
  ModelConfig model = config.model();
  if (model.num_classes() == 0) model.set_num_classes(1);  // those of the data
  problems.Append(ModelConfigProblems(model));
  problems.Append(DataConfigProblems(config.data()));
  CheckSchedule(config.schedule(), &problems);
  CheckOptimizer(config.optimizer(), &problems);
  CheckIntervals(config, &problems);
  CheckSwa(config.swa(), &problems);
  CheckTraining(config, &problems);
  return problems.Take();
}

absl::Status CheckProcesses(int shards, int processes) {
  if (CanShare(shards, processes)) return absl::OkStatus();
  std::vector<int> possible;
  for (int i = 1; i <= shards; ++i) {
    if (CanShare(shards, i)) possible.push_back(i);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "shards: is ", shards, ", which so many processes can share: ", absl::StrJoin(possible, ", "),
      "; these are ", processes, ". Start as many, or set shards=", processes,
      ", which makes it another recipe"));
}

absl::Status CheckMinival(const ExperimentConfig& config, int64_t minival_size) {
  if (config.validation().every_iterations() == 0 || minival_size > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(kNoMinival);
}

std::vector<std::string> Unavailable(const ExperimentConfig& config, at::Device device) {
  static constexpr char kRemedy[] = "; kernels=REFERENCE overrides it";
  Problems problems;
  if (config.kernels() != ExperimentConfig::FUSED) return {};
  if (device.is_cpu()) {
    problems.Check(
        config.precision() != ExperimentConfig::FP16,
        absl::StrCat("kernels: FUSED on a CPU is there for precision FP32 or BF16", kRemedy));
    return problems.Take();
  }
  const absl::Status kernels = fused::cuda::CheckKernels();
  problems.Check(kernels.ok(), absl::StrCat("kernels: FUSED: ", kernels.message(), kRemedy));
  const int64_t width = config.model().width(), mlp_width = MlpWidth(config.model());
  problems.Check(
      width % fused::cuda::kVector == 0 && mlp_width % fused::cuda::kVector == 0 &&
          width <= fused::cuda::kMostWidth,
      absl::StrCat("kernels: FUSED on a GPU takes a model.width up to ", fused::cuda::kMostWidth,
                   ", and that and the MLP's as multiples of ", fused::cuda::kVector, kRemedy));
  return problems.Take();
}

absl::Status CheckAvailable(const ExperimentConfig& config, at::Device device) {
  const std::vector<std::string> unavailable = Unavailable(config, device);
  if (unavailable.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(unavailable, "\n"));
}

}  // namespace vitrine
