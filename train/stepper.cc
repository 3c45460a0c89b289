#include "train/stepper.h"

#include <algorithm>
#include <utility>

#include "ATen/ops/empty_like.h"
#include "base/status_macros.h"
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

absl::StatusOr<StepResult> Stepper::Step(int64_t iteration, const Batch& batch) {
  if (recorder_ && !recorded_ && plain_steps_ == kPlainSteps) Record(batch);
  const bool is_replayed = recorded_ && HasSizesOf(batch, recorded_->batch);
  ASSIGN_OR_RETURN(StepResult result,
                   is_replayed ? Replay(iteration, batch) : Plain(iteration, batch));
  result.learning_rate = LearningRate(state_->config().schedule(), iteration);
  state_->Average(iteration + 1);
  return result;
}

absl::StatusOr<StepResult> Stepper::Plain(int64_t iteration, const Batch& batch) {
  const StepNumbers numbers = NumbersOf(state_->config(), iteration,
                                        state_->PartsOf(batch.labels.size(0)), state_->device());
  state_->Backward(numbers, batch);
  RETURN_IF_ERROR(state_->Exchange());
  for (const DropoutKeys& keys : numbers.dropout_keys) keys_ = std::max(keys_, keys.drawn());
  ++plain_steps_;
  return state_->Update(numbers);
}

void Stepper::Record(const Batch& batch) {
  const PartRange parts = state_->PartsOf(batch.labels.size(0));
  recorded_ = std::make_unique<Recorded>(
      Recorded{.batch = {EmptyLike(batch.images), EmptyLike(batch.labels),
                         EmptyLike(batch.soft_labels), EmptyLike(batch.features)},
               .numbers = StaticStepNumbers(parts, keys_, state_->device()),
               .result = {},
               .backward = nullptr,
               .update = nullptr});
  const absl::Status recorded = RecordStep();
  if (recorded.ok()) return;
  LOG(WARNING) << "training steps are not recorded: " << recorded.message();
  state_->ClearGradients();
  recorder_ = nullptr;
  recorded_ = nullptr;
}

absl::Status Stepper::RecordStep() {
  const auto backward = [state = state_, to = recorded_.get()] {
    state->Backward(to->numbers.Numbers(), to->batch);
  };
  const auto update = [state = state_, to = recorded_.get()] {
    to->result = state->Update(to->numbers.Numbers());
  };
  if (!state_->HasPeers()) {
    ASSIGN_OR_RETURN(recorded_->backward, recorder_([=] {
                       backward();
                       update();
                     }));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(recorded_->backward, recorder_(backward));
  ASSIGN_OR_RETURN(recorded_->update, recorder_(update));
  return absl::OkStatus();
}

absl::StatusOr<StepResult> Stepper::Replay(int64_t iteration, const Batch& batch) {
  Copy(batch.images, recorded_->batch.images);
  Copy(batch.labels, recorded_->batch.labels);
  Copy(batch.soft_labels, recorded_->batch.soft_labels);
  Copy(batch.features, recorded_->batch.features);
  recorded_->numbers.Set(state_->config(), iteration);
  recorded_->backward->Replay();
  if (recorded_->update == nullptr) return recorded_->result;
  RETURN_IF_ERROR(state_->Exchange());
  recorded_->update->Replay();
  return recorded_->result;
}

}  // namespace vitrine
