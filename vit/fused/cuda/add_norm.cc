#include "vit/fused/cuda/add_norm.h"

#include <algorithm>
#include <optional>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine::fused::cuda {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kWarps = 4;
constexpr int64_t kMostBlocks = 1024;  // that leave sums: the same number on every GPU

// A warp for each row.
Geometry OfRows(int64_t rows) { return {.blocks = (rows + kWarps - 1) / kWarps, .warps = kWarps}; }

// So many warps that the sums of each fit.
Geometry OfSums(int64_t rows, int64_t width) {
  const int64_t warps = std::min<int64_t>(kWarps, kSharedFloats / (2 * width));
  return {.blocks = std::min((rows + warps - 1) / warps, kMostBlocks),
          .warps = static_cast<int>(warps),
          .shared_floats = warps * 2 * width};
}

DropoutFactors Factors(const BranchDropout& dropout) {
  if (dropout.probability == 0) return {};
  return DropoutFactors(dropout.probability, dropout.key);
}

// Contiguous, if there is one.
at::Tensor Rows(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.contiguous() : tensor;
}

// What the forward pass computes; all but the first is undefined where nothing is normalised.
struct Normalised {
  at::Tensor sum;         // what is normalised,
  at::Tensor weight;      // [D], and by what
  at::Tensor mean, rstd;  // [rows]
  at::Tensor normed;      // which the backward pass does not need
};

// Without a branch it is x that is normalised, and without weight and bias nothing is.
Normalised RunForward(const at::Tensor& given, const at::Tensor& given_branch,
                      const BranchDropout& dropout, const at::Tensor& weight,
                      const at::Tensor& bias, at::ScalarType type) {
  const at::Tensor x = given.contiguous(), branch = Rows(given_branch);
  const int64_t width = x.size(-1), rows = x.numel() / width;
  AddNormForward parameters{.rows = rows,
                            .width = static_cast<int>(width),
                            .x = x.const_data_ptr<float>(),
                            .factors = Factors(dropout)};
  Normalised result;
  result.sum = x;
  if (branch.defined()) {
    result.sum = at::empty_like(x);
    parameters.branch = branch.const_data_ptr();
    parameters.sum = result.sum.mutable_data_ptr<float>();
  }
  if (weight.defined()) {
    result.weight = weight;
    result.normed = at::empty(x.sizes(), x.options().dtype(type));
    result.mean = at::empty({rows}, x.options());
    result.rstd = at::empty({rows}, x.options());
    parameters.weight = weight.const_data_ptr<float>();
    parameters.bias = bias.const_data_ptr<float>();
    parameters.epsilon = kLayerNormEpsilon;
    parameters.normed = result.normed.mutable_data_ptr();
    parameters.mean = result.mean.mutable_data_ptr<float>();
    parameters.rstd = result.rstd.mutable_data_ptr<float>();
  }
  Launch(type, OfRows(rows), parameters, x.device());
  return result;
}

// Those of what was not there are undefined.
struct Gradients {
  at::Tensor x, branch, weight, bias;
};

// From those of the sum and of the norm, of which one may be undefined; of a branch of the type, if
// there was one.
Gradients RunBackward(const at::Tensor& d_sum, const at::Tensor& d_normed,
                      const Normalised& normalised, std::optional<at::ScalarType> branch,
                      const BranchDropout& dropout) {
  const at::Tensor& given = d_sum.defined() ? d_sum : d_normed;
  const int64_t width = given.size(-1), rows = given.numel() / width;
  const Geometry geometry = d_normed.defined() ? OfSums(rows, width) : OfRows(rows);
  const at::TensorOptions floats = given.options().dtype(at::kFloat);
  AddNormBackward parameters{.rows = rows, .width = static_cast<int>(width)};
  Gradients result;
  at::Tensor d_norm;
  result.x = d_sum;
  if (d_sum.defined()) parameters.d_sum = d_sum.const_data_ptr<float>();
  if (branch) {
    result.branch = at::empty(given.sizes(), floats.dtype(*branch));
    parameters.d_branch = result.branch.mutable_data_ptr();
    parameters.factors = Factors(dropout);
  }
  if (d_normed.defined()) {
    result.x = at::empty(given.sizes(), floats);
    d_norm = at::empty({geometry.blocks, 2, width}, floats);
    parameters.d_normed = d_normed.const_data_ptr();
    parameters.sum = normalised.sum.const_data_ptr<float>();
    parameters.weight = normalised.weight.const_data_ptr<float>();
    parameters.mean = normalised.mean.const_data_ptr<float>();
    parameters.rstd = normalised.rstd.const_data_ptr<float>();
    parameters.d_x = result.x.mutable_data_ptr<float>();
    parameters.d_norm = d_norm.mutable_data_ptr<float>();
  }
  const at::ScalarType type = branch ? *branch : d_normed.scalar_type();
  Launch(type, geometry, parameters, given.device());
  if (d_normed.defined()) {
    d_norm = d_norm.sum(0);
    result.weight = d_norm[0];
    result.bias = d_norm[1];
  }
  return result;
}

void Save(const Normalised& n, AutogradContext* saved) {
  saved->save_for_backward({n.sum, n.weight, n.mean, n.rstd});
  // One of the two results may have no gradient.
  saved->set_materialize_grads(false);
}

Normalised Saved(AutogradContext* saved) {
  const variable_list tensors = saved->get_saved_variables();
  return {tensors[0], tensors[1], tensors[2], tensors[3], /*normed=*/{}};
}

void Save(const BranchDropout& dropout, at::ScalarType branch, AutogradContext* saved) {
  saved->saved_data["branch"] = static_cast<int64_t>(branch);
  saved->saved_data["probability"] = dropout.probability;
  saved->saved_data["key"] = static_cast<int64_t>(dropout.key);
}

BranchDropout SavedDropout(AutogradContext* saved) {
  return {saved->saved_data["probability"].toDouble(),
          static_cast<uint64_t>(saved->saved_data["key"].toInt())};
}

at::ScalarType SavedBranch(AutogradContext* saved) {
  return static_cast<at::ScalarType>(saved->saved_data["branch"].toInt());
}

void CheckFirstDerivative() {
  CHECK(!at::GradMode::is_enabled()) << "fused LayerNorm has no second derivative";
}

struct AddNormFunction : torch::autograd::Function<AddNormFunction> {
  static variable_list forward(AutogradContext* saved, const at::Tensor& x,
                               const at::Tensor& branch, const at::Tensor& weight,
                               const at::Tensor& bias, const BranchDropout& dropout) {
    const Normalised result = RunForward(x, branch, dropout, weight, bias, branch.scalar_type());
    Save(result, saved);
    Save(dropout, branch.scalar_type(), saved);
    return {result.sum, result.normed};
  }

  static variable_list backward(AutogradContext* saved, const variable_list& gradients) {
    CheckFirstDerivative();
    const Gradients d = RunBackward(Rows(gradients[0]), Rows(gradients[1]), Saved(saved),
                                    SavedBranch(saved), SavedDropout(saved));
    return {d.x, d.branch, d.weight, d.bias, at::Tensor()};
  }
};

struct NormFunction : torch::autograd::Function<NormFunction> {
  static variable_list forward(AutogradContext* saved, const at::Tensor& x,
                               const at::Tensor& weight, const at::Tensor& bias,
                               at::ScalarType type) {
    const Normalised result =
        RunForward(x, /*given_branch=*/{}, /*dropout=*/{}, weight, bias, type);
    Save(result, saved);
    return {x, result.normed};
  }

  static variable_list backward(AutogradContext* saved, const variable_list& gradients) {
    CheckFirstDerivative();
    if (!gradients[1].defined()) return {gradients[0], at::Tensor(), at::Tensor(), at::Tensor()};
    const Gradients d = RunBackward(Rows(gradients[0]), Rows(gradients[1]), Saved(saved),
                                    /*branch=*/std::nullopt, /*dropout=*/{});
    return {d.x, d.weight, d.bias, at::Tensor()};
  }
};

struct AddFunction : torch::autograd::Function<AddFunction> {
  static at::Tensor forward(AutogradContext* saved, const at::Tensor& x, const at::Tensor& branch,
                            const BranchDropout& dropout) {
    Save(dropout, branch.scalar_type(), saved);
    return RunForward(x, branch, dropout, /*weight=*/{}, /*bias=*/{}, branch.scalar_type()).sum;
  }

  static variable_list backward(AutogradContext* saved, const variable_list& gradients) {
    CheckFirstDerivative();
    const Gradients d = RunBackward(Rows(gradients[0]), /*d_normed=*/{}, /*normalised=*/{},
                                    SavedBranch(saved), SavedDropout(saved));
    return {d.x, d.branch, at::Tensor()};
  }
};

void CheckX(const at::Tensor& x) {
  CHECK(x.scalar_type() == at::kFloat);
  CHECK(x.size(-1) % kVector == 0 && x.size(-1) <= kMostWidth) << x.sizes();
}

}  // namespace

SumAndNorm AddNorm(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout,
                   const LayerNorm& norm) {
  CheckX(x);
  CHECK(branch.sizes() == x.sizes());
  const variable_list out = AddNormFunction::apply(x, branch, norm.weight, norm.bias, dropout);
  return {out[0], out[1]};
}

SumAndNorm Norm(const at::Tensor& x, const LayerNorm& norm, at::ScalarType type) {
  CheckX(x);
  const variable_list out = NormFunction::apply(x, norm.weight, norm.bias, type);
  return {out[0], out[1]};
}

at::Tensor Add(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout) {
  CheckX(x);
  CHECK(branch.sizes() == x.sizes());
  return AddFunction::apply(x, branch, dropout);
}

}  // namespace vitrine::fused::cuda
