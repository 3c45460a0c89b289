#include "vit/fused/attention.h"

#include <tuple>
#include <vector>

#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/native_layer_norm.h"
#include "ATen/ops/native_layer_norm_backward.h"
#include "absl/functional/function_ref.h"
#include "base/tensors/custom_gradient.h"
#include "vit/fused/products.h"
#include "vit/fused/scaled_dot_product.h"

namespace vitrine::fused {
namespace {

// A linear layer of the first `queries` tokens for the queries, and one of all for keys and values.
// Where all tokens are queries, it is one layer.
class QkvProjection {
 public:
  // Of operands of one type.
  QkvProjection(const at::Tensor& normed, const at::Tensor& weight, int64_t queries)
      : normed_(normed), weight_(weight), queries_(queries) {}

  // The bias may be undefined.
  AttentionRows Run(const at::Tensor& bias) const {
    if (all_are_queries()) return Parts(Forward(Rows(tokens()), weight_, bias));
    const bool has_bias = bias.defined();
    return Parts(
        Forward(Rows(queries_), QueryPart(weight_), has_bias ? QueryPart(bias) : bias),
        Forward(Rows(tokens()), KeyValuePart(weight_), has_bias ? KeyValuePart(bias) : bias));
  }

  // Gradients of the normalised input, in the type, of the weight and of the bias; from those of
  // the rows, which `write` is given to fill.
  std::tuple<at::Tensor, at::Tensor, at::Tensor> Backward(
      at::ScalarType type, absl::FunctionRef<void(const AttentionRows&)> write) const {
    if (all_are_queries()) {
      const at::Tensor gradient = Empty(tokens(), 3);
      write(Parts(gradient));
      const LinearBackward packed(gradient, gradient.scalar_type());
      return {packed.Input(weight_).to(type).view(normed_.sizes()), packed.Weight(Rows(tokens())),
              packed.Bias()};
    }
    const at::Tensor d_q = Empty(queries_, 1), d_kv = Empty(tokens(), 2);
    write(Parts(d_q, d_kv));
    const LinearBackward q(d_q, d_q.scalar_type()), kv(d_kv, d_kv.scalar_type());
    const at::Tensor d_normed = kv.Input(KeyValuePart(weight_)).to(type).view(normed_.sizes());
    d_normed.narrow(1, 0, queries_)
        .add_(q.Input(QueryPart(weight_)).view({normed_.size(0), queries_, width()}));
    return {d_normed, at::concat({q.Weight(Rows(queries_)), kv.Weight(Rows(tokens()))}),
            at::concat({q.Bias(), kv.Bias()})};
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

  at::Tensor Empty(int64_t count, int64_t parts) const {
    return at::empty({normed_.size(0) * count, parts * width()}, normed_.options());
  }

  // Of the packed weight or bias.
  at::Tensor QueryPart(const at::Tensor& packed) const { return packed.narrow(0, 0, width()); }
  at::Tensor KeyValuePart(const at::Tensor& packed) const {
    return packed.narrow(0, width(), 2 * width());
  }

  // Of packed rows.
  AttentionRows Parts(const at::Tensor& qkv) const {
    return Parts(qkv.narrow(1, 0, width()), qkv.narrow(1, width(), 2 * width()));
  }
  AttentionRows Parts(const at::Tensor& q, const at::Tensor& kv) const {
    return {q, kv.narrow(1, 0, width()), kv.narrow(1, width(), width())};
  }

  const at::Tensor normed_;  // [B, T, D]
  const at::Tensor weight_;  // [3 D, D]
  const int64_t queries_;
};

ForwardPass RunForward(const at::Tensor& x, const LayerNorm& norm, const Linear& qkv,
                       const Linear& projection, int64_t heads, int64_t queries,
                       at::ScalarType type) {
  const int64_t batch = x.size(0), width = x.size(2);
  const auto [exact, mean, rstd] =
      at::native_layer_norm(x, {width}, norm.weight, norm.bias, norm.epsilon);
  const at::Tensor normed = Operand(exact, type), by_qkv = Operand(qkv.weight, type),
                   by_projection = Operand(projection.weight, type);
  const AttentionRows rows = QkvProjection(normed, by_qkv, queries).Run(qkv.bias);
  const Attended attended = Attend(rows, {batch, heads});
  const at::Tensor y = Forward(Operand(attended.mixed, type), by_projection, projection.bias)
                           .view({batch, queries, width})
                           .to(x.scalar_type());
  return {.outputs = {y},
          .saved = {x, norm.weight, norm.bias, by_qkv, by_projection, normed, mean, rstd,
                    rows.queries, rows.keys, rows.values, attended.mixed, attended.logsumexp}};
}

std::vector<at::Tensor> RunBackward(const BackwardPass& pass, int64_t heads) {
  const std::vector<at::Tensor>& saved = pass.saved;
  const at::Tensor &x = saved[0], &norm_weight = saved[1], &norm_bias = saved[2],
                   &by_qkv = saved[3], &by_projection = saved[4], &normed = saved[5],
                   &mean = saved[6], &rstd = saved[7];
  const AttentionRows rows{saved[8], saved[9], saved[10]};
  const Attended attended{saved[11], saved[12]};
  const at::Tensor& gradient = pass.gradients[0];
  const LinearBackward projection(gradient.reshape({-1, x.size(2)}), normed.scalar_type());
  const auto [d_normed, d_qkv_weight, d_qkv_bias] =
      QkvProjection(normed, by_qkv, gradient.size(1))
          .Backward(x.scalar_type(), [&](const AttentionRows& gradients) {
            AttendBackward(projection.Input(by_projection), rows, attended, {x.size(0), heads},
                           gradients);
          });
  const auto [d_x, d_norm_weight, d_norm_bias] = at::native_layer_norm_backward(
      d_normed, x, {x.size(2)}, mean, rstd, norm_weight, norm_bias, {true, true, true});
  const at::Tensor d_projection_weight =
      projection.Weight(Operand(attended.mixed, normed.scalar_type()));
  return {d_x,        d_norm_weight,       d_norm_bias,      d_qkv_weight,
          d_qkv_bias, d_projection_weight, projection.Bias()};
}

}  // namespace

at::Tensor NormAttention(const at::Tensor& x, const LayerNorm& norm, const Linear& qkv,
                         const Linear& projection, int64_t heads, int64_t queries,
                         at::ScalarType operands) {
  return WithGradient(
      "fused attention",
      {x, norm.weight, norm.bias, qkv.weight, qkv.bias, projection.weight, projection.bias},
      [&] { return RunForward(x, norm, qkv, projection, heads, queries, operands); },
      [heads](const BackwardPass& pass) { return RunBackward(pass, heads); })[0];
}

}  // namespace vitrine::fused
