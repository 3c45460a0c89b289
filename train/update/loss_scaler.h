// Dynamic loss scaling for FP16 (Micikevicius et al., arXiv 1710.03740, section 3.2), on libtorch's
// operators, with the constants of torch.amp.GradScaler.
//
//   scaler.Scale(loss).backward();
//   const at::Tensor found_inf = scaler.Unscale(gradients);   // then clip
//   optimizer.Step(learning_rate, found_inf);                 // does nothing where it is 1
//   scaler.Update(found_inf);

#ifndef TRAIN_UPDATE_LOSS_SCALER_H_
#define TRAIN_UPDATE_LOSS_SCALER_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "train/checkpoint/checkpoint.pb.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The scale lives on the device, so that none of this makes the host wait, State apart.
class LossScaler {
 public:
  LossScaler(const LossScaleConfig& config, at::Device device);

  // The loss times the scale.
  at::Tensor Scale(const at::Tensor& loss) const;

  // Divides the gradients by the scale. Returns float32 of no dimensions on the device: 1 where a
  // gradient was infinite or not a number, else 0.
  at::Tensor Unscale(std::vector<at::Tensor>& gradients) const;

  // Halves the scale after an overflow, down to 1; doubles it after growth_interval updates without
  // one.
  void Update(const at::Tensor& found_inf);

  // Float32 of no dimensions.
  const at::Tensor& scale() const { return scale_; }

  // Whether an overflow cannot be the scale's doing: bool of no dimensions.
  at::Tensor IsLeast() const;

  // What a checkpoint keeps. Waits for the device.
  LossScaleState State() const;
  void Load(const LossScaleState& state);

 private:
  const int32_t growth_interval_;
  at::Tensor scale_;           // float32 []
  at::Tensor growth_tracker_;  // int32 [], updates since the last change of the scale
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_LOSS_SCALER_H_
