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
#include <string_view>
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
  // Keeps handles to the parameters, at least one, whose gradients Step reads.
  Optimizer(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters);

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
  std::vector<NamedParameter> parameters_;
  Muon muon_;
  AdamW decayed_, plain_;
  at::Tensor step_;  // [], float32, as the fused operator takes it; exact up to 2^24
};

// Whether the rule decays a parameter of this name and number of dimensions.
bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions);

// Whether the parameter is the weight of a linear layer inside a block, which Muon takes. Embedding
// and head are matrices too, but Jordan et al. found AdamW better for the first and the last layer.
bool IsHiddenMatrix(std::string_view name, int64_t dimensions);

}  // namespace vitrine

#endif  // TRAIN_UPDATE_OPTIMIZER_H_
