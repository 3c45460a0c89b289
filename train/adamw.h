// AdamW (Loshchilov and Hutter, arXiv 1711.05101) for parameters that share a weight decay, through
// libtorch's fused operator.
//
//   AdamW adamw(config, /*weight_decay=*/0.05);
//   adamw.Add({"head.weight", weight});
//   adamw.Step(/*learning_rate=*/1e-3, step, found_inf);

#ifndef TRAIN_ADAMW_H_
#define TRAIN_ADAMW_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "base/tensor_map.h"
#include "train/experiment.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class AdamW {
 public:
  AdamW(const OptimizerConfig& config, double weight_decay)
      : config_(config), weight_decay_(weight_decay) {}

  void Add(const NamedParameter& parameter);

  // One update from the gradients. `step` is float32 of no dimensions: 1 in the first update.
  // `found_inf` is of the same kind, or undefined; where it is 1, nothing changes.
  void Step(double learning_rate, const at::Tensor& step, const at::Tensor& found_inf);

  double weight_decay() const { return weight_decay_; }
  const std::vector<NamedParameter>& parameters() const { return parameters_; }

  // First and second moments, as "exp_avg.<parameter>" and "exp_avg_sq.<parameter>".
  TensorMap State() const;

 private:
  OptimizerConfig config_;
  double weight_decay_;
  std::vector<NamedParameter> parameters_;
  std::vector<at::Tensor> exp_avgs_, exp_avg_sqs_;
};

}  // namespace vitrine

#endif  // TRAIN_ADAMW_H_
