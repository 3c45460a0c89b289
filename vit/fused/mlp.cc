#include "vit/fused/mlp.h"

#include <vector>

#include "ATen/ops/native_layer_norm.h"
#include "ATen/ops/native_layer_norm_backward.h"
#include "base/tensors/custom_gradient.h"
#include "vit/activation.h"
#include "vit/fused/products.h"

namespace vitrine::fused {
namespace {

ForwardPass RunForward(const at::Tensor& x, const LayerNorm& norm, const Mlp& mlp,
                       at::ScalarType type) {
  const int64_t width = x.size(-1);
  const auto [normed, mean, rstd] =
      at::native_layer_norm(x, {width}, norm.weight, norm.bias, norm.epsilon);
  const at::Tensor rows = Operand(normed.view({-1, width}), type),
                   by_hidden = Operand(mlp.hidden.weight, type),
                   by_output = Operand(mlp.output.weight, type);
  const at::Tensor before = Forward(rows, by_hidden, mlp.hidden.bias);
  const at::Tensor y =
      Forward(Operand(Activate(mlp.activation, before), type), by_output, mlp.output.bias)
          .view(x.sizes())
          .to(x.scalar_type());
  // The activation's result is the largest tensor of a block and cheap to compute, so it is not
  // kept.
  return {.outputs = {y},
          .saved = {x, norm.weight, norm.bias, by_hidden, by_output, rows, mean, rstd, before}};
}

std::vector<at::Tensor> RunBackward(const BackwardPass& pass, ModelConfig::Activation activation,
                                    at::ScalarType type) {
  const at::Tensor &x = pass.saved[0], &norm_weight = pass.saved[1], &norm_bias = pass.saved[2],
                   &by_hidden = pass.saved[3], &by_output = pass.saved[4], &rows = pass.saved[5],
                   &mean = pass.saved[6], &rstd = pass.saved[7], &before = pass.saved[8];
  const int64_t width = x.size(-1);
  const LinearBackward output(pass.gradients[0].reshape({-1, width}), type);
  const at::Tensor d_output_weight = output.Weight(Operand(Activate(activation, before), type));
  const at::Tensor d_hidden = ActivateBackward(activation, output.Input(by_output), before);
  const LinearBackward hidden(d_hidden, type);
  const at::Tensor d_normed = hidden.Input(by_hidden).view(x.sizes()).to(x.scalar_type());
  const auto [d_x, d_norm_weight, d_norm_bias] = at::native_layer_norm_backward(
      d_normed, x, {width}, mean, rstd, norm_weight, norm_bias, {true, true, true});
  return {d_x,           d_norm_weight,   d_norm_bias,  hidden.Weight(rows),
          hidden.Bias(), d_output_weight, output.Bias()};
}

}  // namespace

at::Tensor NormMlp(const at::Tensor& x, const LayerNorm& norm, const Mlp& mlp,
                   at::ScalarType operands) {
  return WithGradient(
      "the fused MLP",
      {x, norm.weight, norm.bias, mlp.hidden.weight, mlp.hidden.bias, mlp.output.weight,
       mlp.output.bias},
      [&] { return RunForward(x, norm, mlp, operands); },
      [activation = mlp.activation, operands](const BackwardPass& pass) {
        return RunBackward(pass, activation, operands);
      })[0];
}

}  // namespace vitrine::fused
