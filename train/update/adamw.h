// AdamW (Loshchilov and Hutter, arXiv 1711.05101) for parameters that share a weight decay and a
// learning rate, through libtorch's fused operator.
//
//   AdamW adamw(config, /*weight_decay=*/0.05);
//   adamw.Add({"head.weight", weight});
//   adamw.Step(learning_rate, step, found_inf, divisor);

#ifndef TRAIN_UPDATE_ADAMW_H_
#define TRAIN_UPDATE_ADAMW_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "base/tensors/tensor_map.h"
#include "train/settings/experiment.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class AdamW {
 public:
  // `factor` multiplies every learning rate.
  AdamW(const OptimizerConfig& config, double weight_decay, double factor = 1)
      : config_(config), weight_decay_(weight_decay), factor_(factor) {}

  void Add(const NamedParameter& parameter);

  // One update from the gradients, in one pass over the memory. All tensors are of no dimensions,
  // the learning rate float64 and the others float32; `step` is 1 in the first update, and the last
  // two may be undefined. Where `found_inf` is 1, nothing changes. The gradients are divided by
  // `divisor` first, also where they lie.
  void Step(const at::Tensor& learning_rate, const at::Tensor& step, const at::Tensor& found_inf,
            const at::Tensor& divisor);

  double weight_decay() const { return weight_decay_; }
  double factor() const { return factor_; }
  const std::vector<NamedParameter>& parameters() const { return parameters_; }

  // First and second moments, as "exp_avg.<parameter>" and "exp_avg_sq.<parameter>".
  TensorMap State() const;

 private:
  OptimizerConfig config_;
  double weight_decay_, factor_;
  std::vector<NamedParameter> parameters_;
  std::vector<at::Tensor> exp_avgs_, exp_avg_sqs_;
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_ADAMW_H_
