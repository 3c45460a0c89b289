// What the host decides for an iteration, as tensors on the device. A step that reads them there
// can be recorded once and replayed for other iterations.

#ifndef TRAIN_UPDATE_STEP_NUMBERS_H_
#define TRAIN_UPDATE_STEP_NUMBERS_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "train/settings/experiment.pb.h"
#include "vit/dropout/dropout_keys.h"

namespace vitrine {

// The tensors are of no dimensions.
struct StepNumbers {
  at::Tensor iteration;                   // int64, counted from 0
  at::Tensor learning_rate;               // float64
  at::Tensor reported_loss_scale;         // float64, see ReportedLossScale
  std::vector<DropoutKeys> dropout_keys;  // of each part
};

// Of the parts of a batch, those that this process computes.
struct PartRange {
  int64_t first = 0, count = 1;
};

StepNumbers NumbersOf(const ExperimentConfig& config, int64_t iteration, const PartRange& parts,
                      at::Device device);

// Numbers in memory that stays where it is, whose dropout keys are read there too.
class StaticStepNumbers {
 public:
  // With so many dropout keys for each part.
  StaticStepNumbers(const PartRange& parts, int64_t keys, at::Device device);

  // Of the memory; as often as they are asked for, keys begin at the first.
  StepNumbers Numbers() const;

  // Overwrites the memory, without waiting for the device.
  void Set(const ExperimentConfig& config, int64_t iteration);

 private:
  const PartRange parts_;
  const int64_t keys_;
  at::Tensor memory_;  // int64 [3 + parts * keys]; two are the bits of float64
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_STEP_NUMBERS_H_
