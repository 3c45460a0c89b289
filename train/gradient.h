// The global norm of the gradients, and clipping by it.

#ifndef TRAIN_GRADIENT_H_
#define TRAIN_GRADIENT_H_

#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

// The Euclidean norm of all gradients together, a tensor of no dimensions on their device: reading
// it is what would make the host wait.
at::Tensor GradientNorm(const std::vector<at::Tensor>& gradients);

// Scales the gradients so that their norm, which is given, becomes at most max_norm (Pascanu et
// al., arXiv 1211.5063).
void ClipGradients(const at::Tensor& norm, double max_norm, std::vector<at::Tensor>& gradients);

}  // namespace vitrine

#endif  // TRAIN_GRADIENT_H_
