// AdamW with decoupled weight decay, through libtorch's fused operator.

#ifndef TRAIN_OPTIMIZER_H_
#define TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "base/safetensors.h"
#include "train/experiment.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class AdamW {
 public:
  // Keeps handles to the parameters, whose gradients Step reads.
  AdamW(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters);

  // One update from the gradients, which are then released.
  void Step(double learning_rate);

  int64_t step_count() const { return step_count_; }

  // First and second moments, as "exp_avg.<parameter>" and "exp_avg_sq.<parameter>".
  TensorMap State() const;

  // Every moment must be there with its parameter's shape, and nothing else.
  absl::Status Load(const TensorMap& state, int64_t step_count);

  // The groups and their sizes, on one line.
  std::string Describe() const;

 private:
  struct Group {
    double weight_decay;
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, exp_avgs, exp_avg_sqs;
  };

  void StepGroup(Group& group, double learning_rate, const at::Tensor& step);

  OptimizerConfig config_;
  Group decayed_, plain_;
  int64_t step_count_ = 0;
};

// Whether the rule decays a parameter of this name and number of dimensions.
bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions);

}  // namespace vitrine

#endif  // TRAIN_OPTIMIZER_H_
