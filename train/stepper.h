// Training iterations, recorded where the device can: the host's part of a step, some thousand
// launches of kernels, is done once, and from then on replayed.
//
//   Stepper stepper(&state, recorder);
//   const StepResult result = stepper.Step(iteration, batch);

#ifndef TRAIN_STEPPER_H_
#define TRAIN_STEPPER_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/cuda_graph/recorder.h"
#include "data/batches/batch.h"
#include "train/train_state.h"
#include "train/update/step_numbers.h"

namespace vitrine {

class Stepper {
 public:
  // Without a recorder every step is a plain one. The state outlives the stepper, stays where it is
  // and takes no other steps.
  Stepper(TrainState* state, Recorder recorder);

  // As TrainState::Step, to the same bits. The first steps are plain; then one is recorded, and
  // replayed for batches of its shape; with other processes in two halves, between which they
  // exchange what they have. The result's tensors hold until the next step. What can't be recorded
  // is said once, and the steps stay plain.
  absl::StatusOr<StepResult> Step(int64_t iteration, const Batch& batch);

 private:
  // A step in memory that stays where it is.
  struct Recorded {
    Batch batch;
    StaticStepNumbers numbers;
    StepResult result;
    std::unique_ptr<Recording> backward, update;  // without peers the first is all
  };

  absl::StatusOr<StepResult> Plain(int64_t iteration, const Batch& batch);
  void Record(const Batch& batch);
  absl::Status RecordStep();
  absl::StatusOr<StepResult> Replay(int64_t iteration, const Batch& batch);

  TrainState* const state_;
  Recorder recorder_;
  int64_t plain_steps_ = 0;
  int64_t keys_ = 0;                    // that a part's dropout draws
  std::unique_ptr<Recorded> recorded_;  // where the recorded work finds it
};

}  // namespace vitrine

#endif  // TRAIN_STEPPER_H_
