// Muon: momentum, of which every matrix is replaced by the nearest orthogonal one, or about that
// (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
// https://kellerjordan.github.io/posts/muon). The update is scaled as by Liu et al., arXiv
// 2502.16982, so that its root mean square is about 0.2, as AdamW's is: learning rates and weight
// decays found for AdamW hold.
//
//   Muon muon(config);
//   muon.Add({"blocks.0.mlp.hidden.weight", weight});
//   muon.Step(learning_rate, found_inf, divisor);

#ifndef TRAIN_UPDATE_MUON_H_
#define TRAIN_UPDATE_MUON_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "base/tensors/tensor_map.h"
#include "train/settings/experiment.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// U S' V^T for a matrix U S V^T: the same singular vectors, and singular values that five
// Newton-Schulz iterations have brought near 1. Those above a 500th of the matrix's Frobenius norm
// come out between 0.68 and 1.21, smaller ones lower; zeros stay zeros. [..., m, n], each matrix
// for itself.
at::Tensor Orthogonalize(const at::Tensor& matrix);

class Muon {
 public:
  explicit Muon(const OptimizerConfig& config) : config_(config) {}

  // A matrix [m, n]. The packed weight of queries, keys and values, "*.attention.qkv.weight"
  // [3D, D], is taken for the three matrices that it holds. `factor` multiplies every learning
  // rate.
  void Add(const NamedParameter& parameter, double factor = 1);

  // One update from the gradients. The learning rate is float64 of no dimensions. The others are
  // undefined, or a number on the parameters' device: where `found_inf` is not 0, nothing changes,
  // whatever the gradients hold; by `divisor` they are divided first.
  void Step(const at::Tensor& learning_rate, const at::Tensor& found_inf,
            const at::Tensor& divisor);

  double weight_decay() const { return config_.weight_decay(); }
  const std::vector<NamedParameter>& parameters() const { return parameters_; }

  // The running mean of the gradients, as "momentum_buffer.<parameter>".
  TensorMap State() const;

 private:
  OptimizerConfig config_;
  std::vector<NamedParameter> parameters_;
  std::vector<double> factors_;
  std::vector<at::Tensor> momentum_buffers_;
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_MUON_H_
