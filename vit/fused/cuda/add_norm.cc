#include "vit/fused/cuda/add_norm.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "base/tensors/custom_gradient.h"
#include "glog/logging.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine::fused::cuda {
namespace {

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

// Without a branch it is x that is normalised, and without a norm nothing is.
Normalised RunForward(const at::Tensor& given, const at::Tensor& given_branch,
                      const BranchDropout& dropout, const LayerNorm* norm, at::ScalarType type) {
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
  if (norm != nullptr) {
    result.weight = norm->weight;
    result.normed = at::empty(x.sizes(), x.options().dtype(type));
    result.mean = at::empty({rows}, x.options());
    result.rstd = at::empty({rows}, x.options());
    parameters.weight = norm->weight.const_data_ptr<float>();
    parameters.bias = norm->bias.const_data_ptr<float>();
    parameters.epsilon = static_cast<float>(norm->epsilon);
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

// What the backward pass needs of it, and has again.
std::vector<at::Tensor> Saved(const Normalised& n) { return {n.sum, n.weight, n.mean, n.rstd}; }
Normalised FromSaved(const std::vector<at::Tensor>& saved) {
  return {saved[0], saved[1], saved[2], saved[3], /*normed=*/{}};
}

constexpr std::string_view kName = "fused LayerNorm";

void CheckX(const at::Tensor& x) {
  CHECK(x.scalar_type() == at::kFloat);
  CHECK(x.size(-1) % kVector == 0 && x.size(-1) <= kMostWidth) << x.sizes();
}

}  // namespace

SumAndNorm AddNorm(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout,
                   const LayerNorm& norm) {
  CheckX(x);
  CHECK(branch.sizes() == x.sizes());
  const at::ScalarType type = branch.scalar_type();
  const std::vector<at::Tensor> out = WithGradient(
      kName, {x, branch, norm.weight, norm.bias},
      [&] {
        const Normalised n = RunForward(x, branch, dropout, &norm, type);
        return ForwardPass{.outputs = {n.sum, n.normed}, .saved = Saved(n)};
      },
      [type, dropout](const BackwardPass& pass) {
        const Gradients d = RunBackward(Rows(pass.gradients[0]), Rows(pass.gradients[1]),
                                        FromSaved(pass.saved), type, dropout);
        return std::vector{d.x, d.branch, d.weight, d.bias};
      });
  return {out[0], out[1]};
}

SumAndNorm Norm(const at::Tensor& x, const LayerNorm& norm, at::ScalarType type) {
  CheckX(x);
  const std::vector<at::Tensor> out = WithGradient(
      kName, {x, norm.weight, norm.bias},
      [&] {
        const Normalised n = RunForward(x, /*given_branch=*/{}, /*dropout=*/{}, &norm, type);
        return ForwardPass{.outputs = {x, n.normed}, .saved = Saved(n)};
      },
      [](const BackwardPass& pass) {
        const at::Tensor &d_sum = pass.gradients[0], &d_normed = pass.gradients[1];
        if (!d_normed.defined()) return std::vector{d_sum, at::Tensor(), at::Tensor()};
        const Gradients d = RunBackward(Rows(d_sum), Rows(d_normed), FromSaved(pass.saved),
                                        /*branch=*/std::nullopt, /*dropout=*/{});
        return std::vector{d.x, d.weight, d.bias};
      });
  return {out[0], out[1]};
}

at::Tensor Add(const at::Tensor& x, const at::Tensor& branch, const BranchDropout& dropout) {
  CheckX(x);
  CHECK(branch.sizes() == x.sizes());
  const at::ScalarType type = branch.scalar_type();
  return WithGradient(
      kName, {x, branch},
      [&] {
        const Normalised n = RunForward(x, branch, dropout, /*norm=*/nullptr, type);
        return ForwardPass{.outputs = {n.sum}, .saved = {}};
      },
      [type, dropout](const BackwardPass& pass) {
        const Gradients d = RunBackward(Rows(pass.gradients[0]), /*d_normed=*/{},
                                        /*normalised=*/{}, type, dropout);
        return std::vector{d.x, d.branch};
      })[0];
}

}  // namespace vitrine::fused::cuda
