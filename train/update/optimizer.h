// What turns gradients into the next parameters: AdamW for all of them, or Muon for the hidden
// matrices and AdamW for the rest.
//
//   Optimizer optimizer(config.optimizer(), model.Parameters());
//   loss.backward();
//   optimizer.Step(learning_rate);

#ifndef TRAIN_UPDATE_OPTIMIZER_H_
#define TRAIN_UPDATE_OPTIMIZER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "base/tensors/tensor_map.h"
#include "train/settings/experiment.pb.h"
#include "train/update/adamw.h"
#include "train/update/muon.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class Optimizer {
 public:
  // Keeps handles to the parameters, at least one, whose gradients Step reads; of a model of so
  // many blocks.
  Optimizer(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters,
            int64_t depth);

  // One update from the gradients, which are divided by the divisor, where there is one, and then
  // released. The learning rate is float64 of no dimensions on the parameters' device, the divisor
  // float32 (ClipDivisor in gradient.h).
  //
  // `found_inf` is undefined, or float32 of no dimensions on the parameters' device. Where it is
  // not 0, gradients have overflowed: parameters, moments and step count stay as they were. The
  // host does not read it, and so need not wait for the device.
  void Step(const at::Tensor& learning_rate, const at::Tensor& found_inf = {},
            const at::Tensor& divisor = {});

  // Updates made. Reads the count from the device.
  int64_t step_count() const { return step_.item<int64_t>(); }

  // AdamW's moments, as "exp_avg.<parameter>" and "exp_avg_sq.<parameter>", and Muon's, as
  // "momentum_buffer.<parameter>".
  TensorMap State() const;

  // Every moment must be there with its parameter's shape, and nothing else.
  absl::Status Load(const TensorMap& state, int64_t step_count);

  // The groups and their sizes, on one line.
  std::string Describe() const;

 private:
  // That for a parameter of such a weight decay and factor.
  AdamW& AdamWFor(double weight_decay, double factor);

  OptimizerConfig config_;
  std::vector<NamedParameter> parameters_;
  Muon muon_;
  std::vector<AdamW> adamws_;  // one for each weight decay and factor of the learning rate
  at::Tensor step_;            // [], float32, as the fused operator takes it; exact up to 2^24
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_OPTIMIZER_H_
