#include "vit/inference_block.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "glog/logging.h"
#include "vit/activation.h"
#include "vit/fused/layer_norm.h"

namespace vitrine {
namespace {

fused::Epilogue EpilogueOf(ModelConfig::Activation activation) {
  switch (activation) {
    case ModelConfig::GELU:
      return fused::Epilogue::kGelu;
    case ModelConfig::GELU_TANH:
      return fused::Epilogue::kGeluTanh;
    default:
      return fused::Epilogue::kNone;  // an operator of its own follows
  }
}

// Rows [begin, begin + count) times the width of the packed queries, keys and values.
PackedLinear PackPart(const Linear& qkv, int64_t begin, int64_t count, at::ScalarType operands) {
  const int64_t width = qkv.weight.size(1);
  const auto part = [&](const at::Tensor& packed) {
    return packed.defined() ? packed.narrow(0, begin * width, count * width) : packed;
  };
  return {part(qkv.weight), part(qkv.bias), operands};
}

// The first tokens of each sample one below the other, [B * count, D].
at::Tensor Rows(const at::Tensor& x, int64_t count) {
  return x.narrow(1, 0, count).reshape({-1, x.size(2)});
}

// Of each head, [N, D] to the same.
at::Tensor NormHeads(const HeadNorm& norm, const at::Tensor& rows, int64_t heads) {
  if (!norm.weight.defined()) return rows;
  const int64_t width = rows.size(1);
  const at::Tensor split = rows.reshape({-1, heads, width / heads}).to(at::kFloat);
  return norm(split).view({-1, width}).to(rows.scalar_type());
}

// The layer whose result is that of `linear` times the scale [out], if there is one.
PackedLinear PackScaled(const Linear& linear, const at::Tensor& scale, at::ScalarType operands) {
  if (!scale.defined()) return {linear.weight, linear.bias, operands};
  const at::Tensor bias = linear.bias.defined() ? linear.bias * scale : linear.bias;
  return {linear.weight * scale.unsqueeze(1), bias, operands};
}

}  // namespace

InferenceBlock::InferenceBlock(const Block& block, bool some_may_do, at::ScalarType operands)
    : block_(block),
      projection_(PackScaled(block.attention.projection, block.attention_scale, operands)),
      hidden_(block.mlp.hidden.weight, block.mlp.hidden.bias, operands),
      output_(PackScaled(block.mlp.output, block.mlp_scale, operands)) {
  if (some_may_do) {
    queries_ = PackPart(block.attention.qkv, 0, 1, operands);
    keys_values_ = PackPart(block.attention.qkv, 1, 2, operands);
  } else {
    qkv_ = PackPart(block.attention.qkv, 0, 3, operands);
  }
}

at::Tensor InferenceBlock::operator()(const at::Tensor& x, int64_t tokens) const {
  const at::Tensor normed =
      fused::Norm(block_.attention_norm, Rows(x, x.size(1)), projection_.operands());
  const at::Tensor attended = Attend(normed.view(x.sizes()), tokens);
  const auto [y, normed_y] = AddAttended(attended, Rows(x, tokens));
  return output_.Plus(Hidden(normed_y), y).view({x.size(0), tokens, x.size(2)});
}

fused::NormedSum InferenceBlock::AddAttended(const at::Tensor& attended,
                                             const at::Tensor& x) const {
  if (projection_.operands() != at::kFloat) {
    return fused::NormOfSum(block_.mlp_norm, x, projection_(attended));
  }
  const at::Tensor sum = projection_.Plus(attended, x);  // within the product
  return {sum, fused::Norm(block_.mlp_norm, sum, at::kFloat)};
}

fused::AttentionRows InferenceBlock::Project(const at::Tensor& normed, int64_t tokens) const {
  const int64_t width = normed.size(2);
  const at::Tensor all = Rows(normed, normed.size(1));
  if (qkv_) {
    CHECK_EQ(tokens, normed.size(1)) << "made for all tokens";
    const std::vector<at::Tensor> parts = (*qkv_)(all).split(width, 1);
    return {parts[0], parts[1], parts[2]};
  }
  const std::vector<at::Tensor> parts = (*keys_values_)(all).split(width, 1);
  return {(*queries_)(Rows(normed, tokens)), parts[0], parts[1]};
}

at::Tensor InferenceBlock::Attend(const at::Tensor& normed, int64_t tokens) const {
  const Attention& attention = block_.attention;
  fused::AttentionRows rows = Project(normed, tokens);
  rows.queries = NormHeads(attention.query_norm, rows.queries, attention.heads);
  rows.keys = NormHeads(attention.key_norm, rows.keys, attention.heads);
  return fused::Attend(rows, {normed.size(0), attention.heads}).mixed;
}

at::Tensor InferenceBlock::Hidden(const at::Tensor& normed) const {
  const ModelConfig::Activation activation = block_.mlp.activation;
  const fused::Epilogue epilogue = EpilogueOf(activation);
  const at::Tensor hidden = hidden_(normed, epilogue);
  return epilogue == fused::Epilogue::kNone ? Activate(activation, hidden) : hidden;
}

}  // namespace vitrine
