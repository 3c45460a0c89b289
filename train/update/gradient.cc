#include "train/update/gradient.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_foreach_norm.h"
#include "ATen/ops/linalg_vector_norm.h"
#include "ATen/ops/stack.h"

namespace vitrine {
namespace {

// Of rows first: libtorch computes a norm of everything on one thread of a CPU.
at::Tensor Norm(const at::Tensor& gradient) {
  if (gradient.dim() < 2) return at::linalg_vector_norm(gradient);
  return at::linalg_vector_norm(at::linalg_vector_norm(gradient, /*ord=*/2, /*dim=*/{-1}));
}

std::vector<at::Tensor> Norms(const std::vector<at::Tensor>& gradients) {
  if (!gradients.empty() && !gradients[0].is_cpu()) return at::_foreach_norm(gradients);
  std::vector<at::Tensor> norms;
  for (const at::Tensor& gradient : gradients) norms.push_back(Norm(gradient));
  return norms;
}

}  // namespace

at::Tensor GradientNorms(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  return at::stack(Norms(gradients));
}

at::Tensor GlobalNorm(const at::Tensor& norms) { return at::linalg_vector_norm(norms); }

at::Tensor ClipDivisor(const at::Tensor& norm, double max_norm) {
  // The small number is that of torch.nn.utils.clip_grad_norm_.
  return ((norm + 1e-6) / max_norm).clamp_min(1);
}

double ReportedLossScale(int64_t iteration) {
  if (iteration < 2000) return 65536;
  return iteration >= 6050 && iteration < 7950 ? 262144 : 131072;
}

}  // namespace vitrine
