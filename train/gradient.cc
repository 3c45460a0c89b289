#include "train/gradient.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_foreach_mul.h"
#include "ATen/ops/_foreach_norm.h"
#include "ATen/ops/linalg_vector_norm.h"
#include "ATen/ops/stack.h"

namespace vitrine {

at::Tensor GradientNorms(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  return at::stack(at::_foreach_norm(gradients));
}

at::Tensor GlobalNorm(const at::Tensor& norms) { return at::linalg_vector_norm(norms); }

void ClipGradients(const at::Tensor& norm, double max_norm, std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  // The small number keeps a norm of 0 from dividing, as in torch.nn.utils.clip_grad_norm_.
  const at::Tensor factor = (max_norm / (norm + 1e-6)).clamp_max(1);
  at::_foreach_mul_(gradients, factor);
}

}  // namespace vitrine
