#include "train/stepper.h"

#include <algorithm>
#include <utility>

#include "ATen/ops/empty_like.h"
#include "absl/status/statusor.h"
#include "glog/logging.h"
#include "train/update/schedule.h"

namespace vitrine {
namespace {

// In which the device's libraries allocate what they keep, which a recording may not.
constexpr int64_t kPlainSteps = 2;

at::Tensor EmptyLike(const at::Tensor& tensor) {
  return tensor.defined() ? at::empty_like(tensor) : tensor;
}

bool HasSizesOf(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.sizes() == b.sizes());
}

bool HasSizesOf(const Batch& a, const Batch& b) {
  return HasSizesOf(a.images, b.images) && HasSizesOf(a.labels, b.labels) &&
         HasSizesOf(a.soft_labels, b.soft_labels) && HasSizesOf(a.features, b.features);
}

void Copy(const at::Tensor& from, const at::Tensor& to) {
  if (from.defined()) to.copy_(from, /*non_blocking=*/true);
}

}  // namespace

Stepper::Stepper(TrainState* state, Recorder recorder)
    : state_(state), recorder_(std::move(recorder)) {}

StepResult Stepper::Step(int64_t iteration, const Batch& batch) {
  if (recorder_ && !recorded_ && plain_steps_ == kPlainSteps) Record(batch);
  StepResult result = recorded_ && HasSizesOf(batch, recorded_->batch) ? Replay(iteration, batch)
                                                                       : Plain(iteration, batch);
  result.learning_rate = LearningRate(state_->config().schedule(), iteration);
  state_->Average(iteration + 1);
  return result;
}

StepResult Stepper::Plain(int64_t iteration, const Batch& batch) {
  const StepNumbers numbers = NumbersOf(state_->config(), iteration,
                                        state_->PartsOf(batch.labels.size(0)), state_->device());
  const StepResult result = state_->Update(numbers, batch);
  for (const DropoutKeys& keys : numbers.dropout_keys) keys_ = std::max(keys_, keys.drawn());
  ++plain_steps_;
  return result;
}

void Stepper::Record(const Batch& batch) {
  const int64_t parts = state_->PartsOf(batch.labels.size(0));
  recorded_ = std::make_unique<Recorded>(
      Recorded{.batch = {EmptyLike(batch.images), EmptyLike(batch.labels),
                         EmptyLike(batch.soft_labels), EmptyLike(batch.features)},
               .numbers = StaticStepNumbers(parts, keys_, state_->device()),
               .result = {},
               .recording = nullptr});
  absl::StatusOr<std::unique_ptr<Recording>> recording =
      recorder_([state = state_, to = recorded_.get()] {
        to->result = state->Update(to->numbers.Numbers(), to->batch);
      });
  if (recording.ok()) {
    recorded_->recording = *std::move(recording);
    return;
  }
  LOG(WARNING) << "training steps are not recorded: " << recording.status().message();
  state_->ClearGradients();
  recorder_ = nullptr;
  recorded_ = nullptr;
}

StepResult Stepper::Replay(int64_t iteration, const Batch& batch) {
  Copy(batch.images, recorded_->batch.images);
  Copy(batch.labels, recorded_->batch.labels);
  Copy(batch.soft_labels, recorded_->batch.soft_labels);
  Copy(batch.features, recorded_->batch.features);
  recorded_->numbers.Set(state_->config(), iteration);
  recorded_->recording->Replay();
  return recorded_->result;
}

}  // namespace vitrine
