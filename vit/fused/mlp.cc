#include "vit/fused/mlp.h"

#include "ATen/core/grad_mode.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/gelu_backward.h"
#include "ATen/ops/native_layer_norm.h"
#include "ATen/ops/native_layer_norm_backward.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"
#include "vit/fused/products.h"

namespace vitrine::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct NormMlpFunction : torch::autograd::Function<NormMlpFunction> {
  static at::Tensor forward(AutogradContext* saved, const at::Tensor& x,
                            const at::Tensor& norm_weight, const at::Tensor& norm_bias,
                            const at::Tensor& hidden_weight, const at::Tensor& hidden_bias,
                            const at::Tensor& output_weight, const at::Tensor& output_bias,
                            at::ScalarType type) {
    const int64_t width = x.size(-1);
    const auto [normed, mean, rstd] =
        at::native_layer_norm(x, {width}, norm_weight, norm_bias, kLayerNormEpsilon);
    const at::Tensor rows = Operand(normed.view({-1, width}), type),
                     by_hidden = Operand(hidden_weight, type),
                     by_output = Operand(output_weight, type);
    const at::Tensor before = Forward(rows, by_hidden, hidden_bias);
    // GELU's result is the largest tensor of a block and cheap to compute, so it is not kept.
    saved->save_for_backward(
        {x, norm_weight, norm_bias, by_hidden, by_output, rows, mean, rstd, before});
    saved->saved_data["type"] = static_cast<int64_t>(type);
    return Forward(Operand(at::gelu(before), type), by_output, output_bias)
        .view(x.sizes())
        .to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* saved, const variable_list& output_gradients) {
    CHECK(!at::GradMode::is_enabled()) << "the fused MLP has no second derivative";
    const variable_list tensors = saved->get_saved_variables();
    const at::Tensor &x = tensors[0], &norm_weight = tensors[1], &norm_bias = tensors[2],
                     &by_hidden = tensors[3], &by_output = tensors[4], &rows = tensors[5],
                     &mean = tensors[6], &rstd = tensors[7], &before = tensors[8];
    const auto type = static_cast<at::ScalarType>(saved->saved_data["type"].toInt());
    const int64_t width = x.size(-1);
    const LinearBackward output(output_gradients[0].reshape({-1, width}), type);
    const at::Tensor d_output_weight = output.Weight(Operand(at::gelu(before), type));
    at::Tensor d_hidden = output.Input(by_output);
    at::gelu_backward_out(d_hidden, d_hidden, before);
    const LinearBackward hidden(d_hidden, type);
    const at::Tensor d_normed = hidden.Input(by_hidden).view(x.sizes()).to(x.scalar_type());
    const auto [d_x, d_norm_weight, d_norm_bias] = at::native_layer_norm_backward(
        d_normed, x, {width}, mean, rstd, norm_weight, norm_bias, {true, true, true});
    return {d_x,           d_norm_weight,   d_norm_bias,   hidden.Weight(rows),
            hidden.Bias(), d_output_weight, output.Bias(), at::Tensor()};
  }
};

}  // namespace

at::Tensor NormMlp(const at::Tensor& x, const LayerNorm& norm, const Linear& hidden,
                   const Linear& output, at::ScalarType operands) {
  return NormMlpFunction::apply(x, norm.weight, norm.bias, hidden.weight, hidden.bias,
                                output.weight, output.bias, operands);
}

}  // namespace vitrine::fused
