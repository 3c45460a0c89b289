#include "train/gradient.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_foreach_norm.h"
#include "ATen/ops/linalg_vector_norm.h"
#include "ATen/ops/stack.h"

namespace vitrine {

at::Tensor GradientNorms(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  return at::stack(at::_foreach_norm(gradients));
}

at::Tensor GlobalNorm(const at::Tensor& norms) { return at::linalg_vector_norm(norms); }

at::Tensor ClipDivisor(const at::Tensor& norm, double max_norm) {
  // The small number is that of torch.nn.utils.clip_grad_norm_.
  return ((norm + 1e-6) / max_norm).clamp_min(1);
}

}  // namespace vitrine
