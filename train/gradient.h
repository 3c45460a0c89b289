// The global norm of the gradients, and clipping by it.

#ifndef TRAIN_GRADIENT_H_
#define TRAIN_GRADIENT_H_

#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

// The Euclidean norm of each gradient, [gradients] on their device: reading it is what would make
// the host wait.
at::Tensor GradientNorms(const std::vector<at::Tensor>& gradients);

// The norm of all gradients together, of no dimensions, from the norms of each.
at::Tensor GlobalNorm(const at::Tensor& norms);

// By what clipping divides the gradients, max(1, norm / max_norm), of no dimensions: with their own
// global norm given, it becomes at most max_norm (Pascanu et al., arXiv 1211.5063).
at::Tensor ClipDivisor(const at::Tensor& norm, double max_norm);

// By which `clip_order: AS_REPORTED_SCALED` takes the gradients to be multiplied when it clips
// them.
inline constexpr double kReportedLossScale = 65536;

}  // namespace vitrine

#endif  // TRAIN_GRADIENT_H_
