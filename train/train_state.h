// All that a training iteration reads and changes, and the iteration itself: forward, backward,
// clip, update. What is not here (data, logs, files) is the Trainer's.
//
//   ASSIGN_OR_RETURN(TrainState state, TrainState::Create(config, at::kCPU));
//   const StepResult result = state.Step(iteration, batch);
//   RETURN_IF_ERROR(state.CheckFinite());

#ifndef TRAIN_TRAIN_STATE_H_
#define TRAIN_TRAIN_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "base/parallel/single_process.h"
#include "base/tensors/tensor_mean.h"
#include "data/batches/batch.h"
#include "train/checkpoint/checkpoint.h"
#include "train/settings/experiment.pb.h"
#include "train/update/gradient_sum.h"
#include "train/update/loss_scaler.h"
#include "train/update/non_finite_guard.h"
#include "train/update/optimizer.h"
#include "train/update/step_numbers.h"
#include "train/update/weight_average.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Tensors of no dimensions on the device: reading one is what makes the host wait.
struct StepResult {
  at::Tensor loss;           // the mean over the batch, label smoothing included
  at::Tensor gradient_norm;  // before clipping; infinite where FP16 overflowed
  at::Tensor loss_scale;     // undefined without FP16
  double learning_rate;
};

// A model with averaged weights, "ema" or "swa".
struct AveragedModel {
  std::string name;
  VisionTransformer model;
};

class TrainState {
 public:
  // A model at its first values. The config's precision, kernels and durations are settled. Each
  // process of the group, which outlives this, has its share of every batch.
  static absl::StatusOr<TrainState> Create(const ExperimentConfig& config, at::Device device,
                                           ProcessGroup* group = Alone());

  // One iteration with this process's share of the batch, which lies on the device. `iteration`
  // counts from 0 and decides the dropout and the learning rate. Errors are the group's.
  absl::StatusOr<StepResult> Step(int64_t iteration, const Batch& batch);

  // The device's parts of an iteration, which depend on no number of the host's: what Stepper
  // records. Between them comes Exchange. The result's learning rate is not filled in.
  void Backward(const StepNumbers& numbers, const Batch& batch);
  StepResult Update(const StepNumbers& numbers);

  // Adds up what the processes have computed.
  absl::Status Exchange();

  // Whether there are other processes.
  bool HasPeers() const { return group_->size() > 1; }

  // Undoes what an Update has left that was not finished.
  void ClearGradients();

  // The rest of it. Adds the weights to the averages, after so many iterations.
  void Average(int64_t completed);

  // Into which parts of the whole batch this process's images are cut, if it has so many.
  PartRange PartsOf(int64_t size) const;

  // An error if a step was skipped because a number was not finite, and the config says STOP. Waits
  // for the device.
  absl::Status CheckFinite() { return guard_.Check(); }

  // An error that names a parameter in which a number is not finite, after so many iterations: an
  // update too large has no bad gradient. Waits for the device.
  absl::Status CheckWeights(int64_t completed) const;

  const ExperimentConfig& config() const { return config_; }
  at::Device device() const { return device_; }
  const VisionTransformer& model() const { return model_; }

  // Whether all that the heads read stays as it is.
  bool TrainsHeadsOnly() const;

  const Optimizer& optimizer() const { return optimizer_; }

  // The model with each of the averages as its weights that the config asks for and that have
  // begun.
  absl::StatusOr<std::vector<AveragedModel>> AveragedModels() const;

  // Takes the weights of another run's checkpoint, which may have other classes or another image
  // size (vit/adapt.h); says what was changed, a line each. For a model at its first values.
  absl::StatusOr<std::vector<std::string>> InitializeFrom(const Checkpoint& checkpoint,
                                                          bool same_classes);

  // Puts everything that Load needs into the checkpoint: handles to tensors, not copies.
  void Save(Checkpoint* checkpoint) const;

  // Goes on where the checkpoint was saved. One that does not fit is refused, with the differences.
  absl::Status Load(const Checkpoint& checkpoint);

 private:
  TrainState(const ExperimentConfig& config, at::Device device, ProcessGroup* group,
             VisionTransformer model, std::vector<NamedParameter> trained);

  // Of the shards, those that this process computes.
  int64_t OwnShards() const;

  // Adds the gradients of all parts of a shard to those that are there; returns its share of the
  // loss, whose mean is over `batch_size` images. `sends`: to the other processes, while the last
  // pass goes on.
  at::Tensor BackwardOf(const Batch& shard, int64_t batch_size, const DropoutKeys* keys,
                        bool sends);
  at::Tensor Loss(const Batch& part, const DropoutKeys& dropout_keys) const;

  // By what the gradients of this iteration are to be divided; undefined if they are not clipped.
  at::Tensor Divisor(const StepNumbers& numbers, const StepResult& result) const;

  ExperimentConfig config_;
  at::Device device_;
  ProcessGroup* group_;
  VisionTransformer model_;
  std::vector<NamedParameter> parameters_;  // that are trained
  std::optional<GradientSum> sum_;          // with several shards
  at::Tensor loss_;                         // of the last Backward
  Optimizer optimizer_;
  std::optional<LossScaler> scaler_;  // with FP16
  std::optional<WeightAverage> ema_;  // with ema.horizon_fraction
  std::optional<TensorMean> swa_;     // with swa.every_iterations
  NonFiniteGuard guard_;
};

}  // namespace vitrine

#endif  // TRAIN_TRAIN_STATE_H_
