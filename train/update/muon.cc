#include "train/update/muon.h"

#include <algorithm>
#include <cmath>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/linalg_vector_norm.h"
#include "ATen/ops/where.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// Jordan et al.'s: a x + b x^3 + c x^5 is steep at 0, so that few iterations lift small singular
// values, and for that it circles 1 rather than converging to it, which they found to do no harm.
constexpr int kIterations = 5;
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
constexpr double kEpsilon = 1e-7;  // keeps zeros from dividing

// [3D, D] to [3, D, D] where a name says that three matrices share a tensor.
at::Tensor Unpack(const std::string& name, const at::Tensor& tensor) {
  return absl::EndsWith(name, ".attention.qkv.weight") ? tensor.unflatten(0, {3, -1}) : tensor;
}

// Chosen value by value, since a product with 0 would let NaN through.
void AssignUnless(const at::Tensor& skip, const at::Tensor& value, at::Tensor* tensor) {
  tensor->copy_(skip.defined() ? at::where(skip, *tensor, value) : value);
}

}  // namespace

// In the matrix's own type, float32 for the weights here. Jordan et al. take bfloat16, which is
// faster on a GPU and good enough; but float32 can be compared tightly with an exact computation,
// needs no processor with bfloat16 instructions, and costs little beside the passes through the
// model.
at::Tensor Orthogonalize(const at::Tensor& matrix) {
  const at::NoGradGuard no_grad;
  // Of the two products of a matrix with its transpose the smaller one is taken.
  const bool is_tall = matrix.size(-2) > matrix.size(-1);
  at::Tensor x = is_tall ? matrix.mT() : matrix;
  x = x / at::linalg_vector_norm(x, 2, {-2, -1}, /*keepdim=*/true).clamp_min(kEpsilon);
  for (int i = 0; i < kIterations; ++i) {
    const at::Tensor gram = x.matmul(x.mT());
    x = kA * x + (kB * gram + kC * gram.matmul(gram)).matmul(x);
  }
  return is_tall ? x.mT() : x;
}

void Muon::Add(const NamedParameter& parameter, double factor) {
  CHECK_EQ(parameter.tensor.dim(), 2) << parameter.name;
  parameters_.push_back(parameter);
  factors_.push_back(factor);
  momentum_buffers_.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
}

void Muon::Step(const at::Tensor& learning_rate, const at::Tensor& found_inf,
                const at::Tensor& divisor) {
  const at::NoGradGuard no_grad;
  const at::Tensor skip = found_inf.defined() ? found_inf.ne(0) : at::Tensor();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor parameter = parameters_[i].tensor;
    const at::Tensor gradient = divisor.defined() ? parameter.grad() / divisor : parameter.grad();
    const at::Tensor momentum = momentum_buffers_[i].lerp(gradient, 1 - config_.momentum());
    const at::Tensor nesterov = gradient.lerp(momentum, config_.momentum());
    const at::Tensor matrix = Unpack(parameters_[i].name, nesterov);
    const double scale = 0.2 * std::sqrt(std::max(matrix.size(-2), matrix.size(-1)));
    const at::Tensor update = Orthogonalize(matrix).reshape(parameter.sizes());
    const at::Tensor rate = factors_[i] == 1 ? learning_rate : learning_rate * factors_[i];
    const at::Tensor decayed = parameter * (1 - rate * config_.weight_decay());
    AssignUnless(skip, momentum, &momentum_buffers_[i]);
    AssignUnless(skip, decayed - rate * scale * update, &parameter);
  }
}

TensorMap Muon::State() const {
  TensorMap state;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    state.emplace(absl::StrCat("momentum_buffer.", parameters_[i].name), momentum_buffers_[i]);
  }
  return state;
}

}  // namespace vitrine
