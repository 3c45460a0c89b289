#include "train/train_state.h"

#include <algorithm>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/Reduction.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "ATen/ops/isfinite.h"
#include "ATen/ops/maximum.h"
#include "ATen/ops/stack.h"
#include "ATen/ops/where.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/tensors/autocast.h"
#include "glog/logging.h"
#include "train/update/autocast_type.h"
#include "train/update/gradient.h"
#include "train/update/parameter_rules.h"
#include "train/update/schedule.h"
#include "vit/adapt.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// What cross_entropy_loss passes over: no label of ours.
constexpr int64_t kIgnoredLabel = -100;

std::vector<at::Tensor> Tensors(const std::vector<NamedParameter>& parameters) {
  std::vector<at::Tensor> tensors;
  for (const NamedParameter& parameter : parameters) tensors.push_back(parameter.tensor);
  return tensors;
}

std::vector<std::string> Names(const std::vector<NamedParameter>& parameters) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

// In memory of its own, as it is in a process that has it alone: where numbers lie can decide how
// products are computed.
Batch CopyOf(const Batch& batch) {
  const auto copy = [](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.clone() : tensor;
  };
  return {copy(batch.images), copy(batch.labels), copy(batch.soft_labels), copy(batch.features)};
}

double Horizon(const ExperimentConfig& config) {
  return std::max(1.0, config.ema().horizon_fraction() * config.schedule().iterations());
}

}  // namespace

absl::StatusOr<TrainState> TrainState::Create(const ExperimentConfig& config, at::Device device,
                                              ProcessGroup* group) {
  ASSIGN_OR_RETURN(VisionTransformer model,
                   VisionTransformer::Create(config.model(), config.seed()));
  if (!device.is_cpu()) model = model.Clone(device);
  ASSIGN_OR_RETURN(std::vector<NamedParameter> trained,
                   Trained(config.optimizer(), model.Parameters()));
  for (NamedParameter& parameter : model.Parameters()) parameter.tensor.requires_grad_(false);
  for (NamedParameter& parameter : trained) parameter.tensor.requires_grad_(true);
  return TrainState(config, device, group, std::move(model), std::move(trained));
}

TrainState::TrainState(const ExperimentConfig& config, at::Device device, ProcessGroup* group,
                       VisionTransformer model, std::vector<NamedParameter> trained)
    : config_(config),
      device_(device),
      group_(group),
      model_(std::move(model)),
      parameters_(std::move(trained)),
      optimizer_(config.optimizer(), parameters_, config.model().depth()),
      guard_(config.on_non_finite(), Names(parameters_), device) {
  CHECK(config.kernels() != ExperimentConfig::AUTO) << "kernels have not been settled";
  CHECK_EQ(config.shards() % group->size(), 0);
  if (config.shards() > 1) sum_.emplace(Tensors(parameters_));
  if (config.precision() == ExperimentConfig::FP16) scaler_.emplace(config.loss_scale(), device);
  if (config.ema().horizon_fraction() > 0) ema_.emplace(model_.Parameters(), Horizon(config));
  if (config.swa().every_iterations() > 0) swa_.emplace();
}

absl::StatusOr<StepResult> TrainState::Step(int64_t iteration, const Batch& batch) {
  const PartRange parts = PartsOf(batch.labels.size(0));
  const StepNumbers numbers = NumbersOf(config_, iteration, parts, device_);
  Backward(numbers, batch);
  RETURN_IF_ERROR(Exchange());
  StepResult result = Update(numbers);
  result.learning_rate = LearningRate(config_.schedule(), iteration);
  Average(iteration + 1);
  return result;
}

int64_t TrainState::OwnShards() const { return config_.shards() / group_->size(); }

PartRange TrainState::PartsOf(int64_t size) const {
  const int64_t shards = OwnShards(), most = config_.micro_batch_size();
  const int64_t count = shards * (most == 0 ? 1 : (size / shards + most - 1) / most);
  return {.first = group_->rank() * count, .count = count};
}

absl::Status TrainState::Exchange() {
  if (!HasPeers()) return absl::OkStatus();
  return sum_->Exchange(group_);
}

StepResult TrainState::Update(const StepNumbers& numbers) {
  StepResult result;
  if (scaler_) result.loss_scale = scaler_->scale().clone();
  if (sum_) loss_ = sum_->Take();
  result.loss = loss_;

  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) gradients.push_back(parameter.tensor.grad());
  at::Tensor overflow;
  if (scaler_) overflow = scaler_->Unscale(gradients);
  const at::Tensor norms = GradientNorms(gradients);
  result.gradient_norm = GlobalNorm(norms);

  // An overflow of scaled gradients is the scaler's to mend while there is a scale to lower; a bad
  // loss no scale can.
  const at::Tensor unmended =
      scaler_ ? at::where(scaler_->IsLeast(), norms, at::zeros_like(norms)) : norms;
  at::Tensor skip = guard_.Observe(numbers.iteration, result.loss, unmended);
  if (scaler_) skip = at::maximum(skip, overflow);
  optimizer_.Step(numbers.learning_rate, skip, Divisor(numbers, result));
  if (scaler_) scaler_->Update(overflow);
  return result;
}

bool TrainState::TrainsHeadsOnly() const {
  return std::all_of(parameters_.begin(), parameters_.end(),
                     [](const NamedParameter& parameter) { return IsHead(parameter.name); });
}

void TrainState::ClearGradients() {
  for (NamedParameter& parameter : parameters_) parameter.tensor.mutable_grad().reset();
  if (sum_) sum_->Clear();
}

absl::Status TrainState::CheckWeights(int64_t completed) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> sums;
  for (const NamedParameter& parameter : parameters_) sums.push_back(parameter.tensor.sum());
  const at::Tensor finite = at::isfinite(at::stack(sums)).to(at::kCPU);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (finite[i].item<bool>()) continue;
    return absl::InternalError(absl::StrCat(
        "after ", completed, " iterations ", parameters_[i].name,
        " holds numbers that are not finite; they were not written. Lower "
        "schedule.max_learning_rate or optimizer.weight_decay; the last checkpoint is good"));
  }
  return absl::OkStatus();
}

void TrainState::Average(int64_t completed) {
  if (ema_) ema_->Update();
  const SwaConfig& swa = config_.swa();
  if (swa_ && completed >= swa.start_iteration() && completed % swa.every_iterations() == 0) {
    const absl::Status added = swa_->Add(model_.Tensors());
    CHECK(added.ok()) << added;  // a model keeps its shapes
  }
}

void TrainState::Backward(const StepNumbers& numbers, const Batch& batch) {
  const int64_t shards = OwnShards(), images = batch.labels.size(0);
  const int64_t parts = static_cast<int64_t>(numbers.dropout_keys.size()) / shards;  // of a shard
  CHECK_EQ(PartsOf(images).count, shards * parts);
  if (!sum_) {
    loss_ = BackwardOf(batch, images, numbers.dropout_keys.data(), /*sends=*/false);
    return;
  }
  const int64_t size = images / shards, batch_size = size * config_.shards();
  for (int64_t i = 0; i < shards; ++i) {
    const Batch shard = CopyOf(Slice(batch, i * size, (i + 1) * size));
    const bool sends = i + 1 == shards && HasPeers() && device_.is_cpu();
    sum_->Add(BackwardOf(shard, batch_size, &numbers.dropout_keys[i * parts], sends));
  }
}

at::Tensor TrainState::BackwardOf(const Batch& shard, int64_t batch_size, const DropoutKeys* keys,
                                  bool sends) {
  const int64_t size = shard.labels.size(0), limit = config_.micro_batch_size();
  const int64_t most = limit == 0 ? size : limit;
  at::Tensor total;
  for (int64_t begin = 0; begin < size; begin += most) {
    const int64_t end = std::min(begin + most, size);
    at::Tensor loss = Loss(Slice(shard, begin, end), *keys++);
    // The mean over the batch is that of its parts, each weighted by its share.
    if (end - begin < batch_size) loss = loss * (static_cast<double>(end - begin) / batch_size);
    if (sends && end == size) sum_->SendWhileComputed(group_);
    (scaler_ ? scaler_->Scale(loss) : loss).backward();
    total = total.defined() ? total + loss.detach() : loss.detach();
  }
  return total;
}

at::Tensor TrainState::Loss(const Batch& part, const DropoutKeys& dropout_keys) const {
  ForwardContext context;
  context.training = true;
  if (config_.kernels() == ExperimentConfig::FUSED) {
    context.fusion = device_.is_cpu() ? Fusion::kCpu : Fusion::kGpu;
  }
  const std::optional<at::ScalarType> type = AutocastType(config_.precision());
  const Autocast autocast(device_.type(), context.fusion == Fusion::kCpu ? std::nullopt : type);
  context.dropout_keys = dropout_keys;
  context.fused_operands = type.value_or(at::kFloat);
  context.recompute_blocks = config_.recompute_blocks();
  const at::Tensor logits = part.features.defined() ? model_.Classify(part.features)
                                                    : model_.Forward(part.images, context);
  const at::Tensor& targets = part.soft_labels.defined() ? part.soft_labels : part.labels;
  return at::cross_entropy_loss(logits, targets, /*weight=*/{}, at::Reduction::Mean, kIgnoredLabel,
                                config_.loss().label_smoothing());
}

at::Tensor TrainState::Divisor(const StepNumbers& numbers, const StepResult& result) const {
  const OptimizerConfig& optimizer = config_.optimizer();
  if (optimizer.clip_norm() == 0) return {};
  at::Tensor norm = result.gradient_norm;
  if (optimizer.clip_order() == OptimizerConfig::AS_REPORTED_SCALED) {
    norm = norm * (scaler_ ? result.loss_scale : numbers.reported_loss_scale.to(at::kFloat));
  }
  return ClipDivisor(norm, optimizer.clip_norm());
}

absl::StatusOr<std::vector<AveragedModel>> TrainState::AveragedModels() const {
  std::vector<AveragedModel> models;
  const auto add = [&](std::string_view name, const TensorMap& weights) {
    models.push_back({std::string(name), model_.Clone()});
    return models.back().model.Load(weights);
  };
  if (ema_) RETURN_IF_ERROR(add("ema", ema_->State()));
  if (swa_ && swa_->count() > 0) RETURN_IF_ERROR(add("swa", swa_->Mean()));
  return models;
}

absl::StatusOr<std::vector<std::string>> TrainState::InitializeFrom(const Checkpoint& checkpoint,
                                                                    bool same_classes) {
  ASSIGN_OR_RETURN(Adaptation adapted, AdaptTensors(checkpoint.manifest.config().model(),
                                                    checkpoint.model, model_, same_classes));
  RETURN_IF_ERROR(model_.Load(adapted.tensors));
  return std::move(adapted.changes);
}

void TrainState::Save(Checkpoint* checkpoint) const {
  checkpoint->model = model_.Tensors();
  checkpoint->optimizer = optimizer_.State();
  checkpoint->manifest.set_optimizer_step(optimizer_.step_count());
  if (scaler_) *checkpoint->manifest.mutable_loss_scale() = scaler_->State();
  if (ema_) checkpoint->ema = ema_->State();
  if (swa_ && swa_->count() > 0) {
    checkpoint->swa = swa_->sums();
    checkpoint->manifest.set_swa_count(swa_->count());
  }
}

absl::Status TrainState::Load(const Checkpoint& checkpoint) {
  const CheckpointManifest& manifest = checkpoint.manifest;
  if (!checkpoint.optimizer) {
    return absl::FailedPreconditionError("the checkpoint has no optimizer state to resume from");
  }
  if (scaler_.has_value() != manifest.has_loss_scale() ||
      ema_.has_value() != checkpoint.ema.has_value() || (!swa_ && checkpoint.swa)) {
    return absl::FailedPreconditionError(
        "the checkpoint is of a run with another precision, ema.horizon_fraction or "
        "swa.every_iterations");
  }
  if (checkpoint.swa) {
    RETURN_IF_ERROR(Annotate(CheckSameTensors(*checkpoint.swa, checkpoint.model), "swa"));
  }
  RETURN_IF_ERROR(model_.Load(checkpoint.model));
  RETURN_IF_ERROR(optimizer_.Load(*checkpoint.optimizer, manifest.optimizer_step()));
  if (scaler_) scaler_->Load(manifest.loss_scale());
  if (ema_) RETURN_IF_ERROR(ema_->Load(*checkpoint.ema, manifest.iteration()));
  if (checkpoint.swa) swa_->Load(*checkpoint.swa, manifest.swa_count(), device_);
  return absl::OkStatus();
}

}  // namespace vitrine
