// The global norm of the gradients, and clipping by it.

#ifndef TRAIN_UPDATE_GRADIENT_H_
#define TRAIN_UPDATE_GRADIENT_H_

#include <cstdint>
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

// The loss scale that step 6's reported run had in an iteration, read off the norms that it
// printed: they double at 2,000 and between 6,000 and 6,100, and halve between 7,900 and 8,000. For
// `clip_order: AS_REPORTED_SCALED` in precisions without a scale.
double ReportedLossScale(int64_t iteration);

}  // namespace vitrine

#endif  // TRAIN_UPDATE_GRADIENT_H_
