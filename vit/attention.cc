#include "vit/attention.h"

#include <cmath>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/layer_norm.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/rms_norm.h"
#include "ATen/ops/scaled_dot_product_attention.h"
#include "ATen/ops/softmax.h"

namespace vitrine {

HeadNorm::HeadNorm(const ModelConfig& config, const at::TensorOptions& options)
    : epsilon(config.layer_norm_epsilon()) {
  const ModelConfig::QueryKeyNorm kind = config.query_key_norm();
  const int64_t width = config.width() / config.heads();
  if (kind != ModelConfig::NO_NORM) weight = at::empty({width}, options);
  if (kind == ModelConfig::LAYER_NORM) bias = at::empty({width}, options);
}

at::Tensor HeadNorm::operator()(const at::Tensor& x) const {
  if (!weight.defined()) return x;
  if (bias.defined()) return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
  return at::rms_norm(x, weight.sizes(), weight, epsilon);
}

void HeadNorm::VisitParameters(const std::string& name, ParameterVisitor visit) {
  if (weight.defined()) visit(name + ".weight", weight);
  if (bias.defined()) visit(name + ".bias", bias);
}

Attention::Attention(const ModelConfig& config, const at::TensorOptions& options)
    : heads(config.heads()),
      dropout(config.attention_dropout()),
      qkv(config.width(), 3 * config.width(), options, config.qkv_bias()),
      query_norm(config, options),
      key_norm(config, options),
      projection(config.width(), config.width(), options) {}

Attention::Heads Attention::Project(const at::Tensor& x, int64_t queries) const {
  const int64_t width = x.size(2);
  // Taken apart before they are transposed: the backward pass puts the gradients together in the
  // product's order, in one pass over memory.
  const auto split = [&](const at::Tensor& packed, int64_t parts) {
    std::vector<at::Tensor> result =
        packed.view({x.size(0), packed.size(1), parts, heads, width / heads})
            .unbind(2);                                           // [B, T, H, D/H]
    for (at::Tensor& part : result) part = part.transpose(1, 2);  // [B, H, T, D/H]
    return result;
  };
  if (queries == x.size(1)) {
    const std::vector<at::Tensor> packed = split(qkv(x), 3);
    return {query_norm(packed[0]), key_norm(packed[1]), packed[2]};
  }
  const auto part = [&](const at::Tensor& x, int64_t begin, int64_t parts) {
    const auto rows = [&](const at::Tensor& packed) {
      return packed.defined() ? packed.narrow(0, begin * width, parts * width) : packed;
    };
    return split(at::linear(x, rows(qkv.weight), rows(qkv.bias)), parts);
  };
  const std::vector<at::Tensor> keys_values = part(x, 1, 2);
  return {query_norm(part(x.narrow(1, 0, queries), 0, 1)[0]), key_norm(keys_values[0]),
          keys_values[1]};
}

at::Tensor Attention::Mix(const Heads& parts, const ForwardContext& context) const {
  const auto& [q, k, v] = parts;
  if (!DropsWeights(context)) return at::scaled_dot_product_attention(q, k, v);
  // Not by that operator, which draws from a generator of libtorch's own.
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor weights = at::softmax(at::matmul(q * scale, k.transpose(2, 3)), -1);
  return at::matmul(Dropout(weights, dropout, context), v);
}

at::Tensor Attention::operator()(const at::Tensor& x, int64_t queries, const std::string& name,
                                 const ForwardContext& context) const {
  const Heads parts = Project(x, queries);
  const at::Tensor mixed = Mix(parts, context);
  if (context.intermediates != nullptr) {
    context.intermediates->insert_or_assign(name + ".queries", parts.queries);
    context.intermediates->insert_or_assign(name + ".keys", parts.keys);
    context.intermediates->insert_or_assign(name + ".values", parts.values);
    context.intermediates->insert_or_assign(name + ".mixed", mixed);
  }
  return projection(mixed.transpose(1, 2).reshape({x.size(0), queries, x.size(2)}));
}

void Attention::VisitParameters(const std::string& name, ParameterVisitor visit) {
  qkv.VisitParameters(name + ".qkv", visit);
  query_norm.VisitParameters(name + ".query_norm", visit);
  key_norm.VisitParameters(name + ".key_norm", visit);
  projection.VisitParameters(name + ".projection", visit);
}

}  // namespace vitrine
