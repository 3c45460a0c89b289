#include "vit/fused/attention.h"

#include <tuple>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h"
#include "ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h"
#include "ATen/ops/cat.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/native_layer_norm.h"
#include "ATen/ops/native_layer_norm_backward.h"
#include "glog/logging.h"
#include "torch/csrc/autograd/custom_function.h"
#include "vit/fused/products.h"

namespace vitrine::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Queries, keys and values, each [B, H, T, D / H].
struct Heads {
  at::Tensor queries, keys, values;
};

// A linear layer of the first `queries` tokens for the queries, and one of all for keys and values.
// Where all tokens are queries, it is one layer.
class QkvProjection {
 public:
  // Of operands of one type.
  QkvProjection(const at::Tensor& normed, const at::Tensor& weight, int64_t heads, int64_t queries)
      : normed_(normed), weight_(weight), heads_(heads), queries_(queries) {}

  Heads Run(const at::Tensor& bias) const {
    if (all_are_queries()) {
      const at::Tensor packed = Split(Forward(Rows(tokens()), weight_, bias), tokens());
      return {packed[0], packed[1], packed[2]};
    }
    const at::Tensor q =
        Split(Forward(Rows(queries_), QueryPart(weight_), QueryPart(bias)), queries_);
    const at::Tensor kv =
        Split(Forward(Rows(tokens()), KeyValuePart(weight_), KeyValuePart(bias)), tokens());
    return {q[0], kv[0], kv[1]};
  }

  // Gradients of the normalised input, the weight and the bias, by products of operands of the
  // type.
  std::tuple<at::Tensor, at::Tensor, at::Tensor> Backward(const Heads& d,
                                                          at::ScalarType type) const {
    if (all_are_queries()) {
      const LinearBackward packed(Join({d.queries, d.keys, d.values}), type);
      return {packed.Input(weight_).view(normed_.sizes()), packed.Weight(Rows(tokens())),
              packed.Bias()};
    }
    const LinearBackward q(Join({d.queries}), type), kv(Join({d.keys, d.values}), type);
    const at::Tensor d_normed = kv.Input(KeyValuePart(weight_)).view(normed_.sizes());
    d_normed.narrow(1, 0, queries_)
        .add_(q.Input(QueryPart(weight_)).view({normed_.size(0), queries_, width()}));
    return {d_normed, at::cat({q.Weight(Rows(queries_)), kv.Weight(Rows(tokens()))}),
            at::cat({q.Bias(), kv.Bias()})};
  }

 private:
  int64_t tokens() const { return normed_.size(1); }
  int64_t width() const { return normed_.size(2); }
  bool all_are_queries() const { return queries_ == tokens(); }

  // The first tokens of each sample, [B * count, D], one after the other: of rows that lie apart
  // oneDNN's product takes a hundred times as long.
  at::Tensor Rows(int64_t count) const {
    return normed_.narrow(1, 0, count).reshape({-1, width()}).contiguous();
  }

  // Of the packed weight or bias.
  at::Tensor QueryPart(const at::Tensor& packed) const { return packed.narrow(0, 0, width()); }
  at::Tensor KeyValuePart(const at::Tensor& packed) const {
    return packed.narrow(0, width(), 2 * width());
  }

  // [B * count, n * D] to [n, B, H, count, D / H], without a copy.
  at::Tensor Split(const at::Tensor& rows, int64_t count) const {
    return rows.view({normed_.size(0), count, -1, heads_, width() / heads_})
        .permute({2, 0, 3, 1, 4});
  }

  // The opposite, for n tensors [B, H, count, D / H].
  at::Tensor Join(at::TensorList parts) const {
    const int64_t count = parts[0].size(2), n = static_cast<int64_t>(parts.size());
    at::Tensor rows = at::empty({normed_.size(0) * count, n * width()}, parts[0].options());
    const at::Tensor split = Split(rows, count);
    for (int64_t i = 0; i < n; ++i) split[i].copy_(parts[i]);
    return rows;
  }

  const at::Tensor normed_;  // [B, T, D]
  const at::Tensor weight_;  // [3 D, D]
  const int64_t heads_, queries_;
};

struct NormAttentionFunction : torch::autograd::Function<NormAttentionFunction> {
  static at::Tensor forward(AutogradContext* saved, const at::Tensor& x,
                            const at::Tensor& norm_weight, const at::Tensor& norm_bias,
                            const at::Tensor& qkv_weight, const at::Tensor& qkv_bias,
                            const at::Tensor& projection_weight, const at::Tensor& projection_bias,
                            int64_t heads, int64_t queries, at::ScalarType type) {
    const int64_t batch = x.size(0), width = x.size(2);
    const auto [exact, mean, rstd] =
        at::native_layer_norm(x, {width}, norm_weight, norm_bias, kLayerNormEpsilon);
    const at::Tensor normed = Operand(exact, type);
    const auto [q, k, v] =
        QkvProjection(normed, Operand(qkv_weight, type), heads, queries).Run(qkv_bias);
    const auto [mixed, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v);
    const at::Tensor rows = Operand(mixed.transpose(1, 2).reshape({batch * queries, width}), type);
    saved->save_for_backward({x, norm_weight, norm_bias, qkv_weight, projection_weight, normed,
                              mean, rstd, q, k, v, mixed, logsumexp});
    saved->saved_data["heads"] = heads;
    saved->saved_data["type"] = static_cast<int64_t>(type);
    return Forward(rows, Operand(projection_weight, type), projection_bias)
        .view({batch, queries, width});
  }

  static variable_list backward(AutogradContext* saved, const variable_list& output_gradients) {
    CHECK(!at::GradMode::is_enabled()) << "fused attention has no second derivative";
    const variable_list tensors = saved->get_saved_variables();
    const at::Tensor &x = tensors[0], &norm_weight = tensors[1], &norm_bias = tensors[2],
                     &qkv_weight = tensors[3], &projection_weight = tensors[4],
                     &normed = tensors[5], &mean = tensors[6], &rstd = tensors[7], &q = tensors[8],
                     &k = tensors[9], &v = tensors[10], &mixed = tensors[11],
                     &logsumexp = tensors[12];
    const int64_t batch = x.size(0), width = x.size(2), queries = q.size(2);
    const int64_t heads = saved->saved_data["heads"].toInt();
    const auto type = static_cast<at::ScalarType>(saved->saved_data["type"].toInt());
    const LinearBackward projection(output_gradients[0].reshape({-1, width}), type);
    const at::Tensor d_mixed = projection.Input(Operand(projection_weight, type))
                                   .view({batch, queries, heads, width / heads})
                                   .transpose(1, 2);
    const auto [d_q, d_k, d_v] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
        d_mixed, q, k, v, mixed, logsumexp, /*dropout_p=*/0, /*is_causal=*/false);
    const auto [d_normed, d_qkv_weight, d_qkv_bias] =
        QkvProjection(normed, Operand(qkv_weight, type), heads, queries)
            .Backward({d_q, d_k, d_v}, type);
    const auto [d_x, d_norm_weight, d_norm_bias] = at::native_layer_norm_backward(
        d_normed, x, {width}, mean, rstd, norm_weight, norm_bias, {true, true, true});
    const at::Tensor rows = Operand(mixed.transpose(1, 2).reshape({batch * queries, width}), type);
    return {d_x,
            d_norm_weight,
            d_norm_bias,
            d_qkv_weight,
            d_qkv_bias,
            projection.Weight(rows),
            projection.Bias(),
            at::Tensor(),
            at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor NormAttention(const at::Tensor& x, const LayerNorm& norm, const Linear& qkv,
                         const Linear& projection, int64_t heads, int64_t queries,
                         at::ScalarType operands) {
  return NormAttentionFunction::apply(x, norm.weight, norm.bias, qkv.weight, qkv.bias,
                                      projection.weight, projection.bias, heads, queries, operands);
}

}  // namespace vitrine::fused
