#include "vit/inference_block.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "glog/logging.h"
#include "vit/activation.h"

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

// A branch, which nobody else reads, on its way to the residual stream.
at::Tensor Scaled(const at::Tensor& branch, const at::Tensor& scale) {
  return scale.defined() ? branch * scale : branch;
}

}  // namespace

PackedLinear::PackedLinear(const at::Tensor& weight, const at::Tensor& bias,
                           at::ScalarType operands)
    : operands_(operands),
      weight_(fused::Pack(fused::Operand(weight, operands))),
      bias_(bias.defined() ? bias.to(operands) : bias) {}

at::Tensor PackedLinear::operator()(const at::Tensor& rows, fused::Epilogue epilogue) const {
  return fused::Forward(fused::Operand(rows, operands_), weight_, bias_, epilogue);
}

InferenceBlock::InferenceBlock(const Block& block, bool some_may_do, at::ScalarType operands)
    : block_(block),
      projection_(block.attention.projection.weight, block.attention.projection.bias, operands),
      hidden_(block.mlp.hidden.weight, block.mlp.hidden.bias, operands),
      output_(block.mlp.output.weight, block.mlp.output.bias, operands) {
  if (some_may_do) {
    queries_ = PackPart(block.attention.qkv, 0, 1, operands);
    keys_values_ = PackPart(block.attention.qkv, 1, 2, operands);
  } else {
    qkv_ = PackPart(block.attention.qkv, 0, 3, operands);
  }
}

at::Tensor InferenceBlock::operator()(const at::Tensor& x, int64_t tokens) const {
  at::Tensor y = x.narrow(1, 0, tokens) +
                 Scaled(Attend(block_.attention_norm(x), tokens), block_.attention_scale);
  return y.add_(Scaled(RunMlp(block_.mlp_norm(y)), block_.mlp_scale));
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
  const fused::Attended attended = fused::Attend(rows, {normed.size(0), attention.heads});
  return projection_(attended.mixed).view({normed.size(0), tokens, normed.size(2)});
}

at::Tensor InferenceBlock::RunMlp(const at::Tensor& normed) const {
  const ModelConfig::Activation activation = block_.mlp.activation;
  const fused::Epilogue epilogue = EpilogueOf(activation);
  at::Tensor hidden = hidden_(normed.view({-1, normed.size(2)}), epilogue);
  if (epilogue == fused::Epilogue::kNone) hidden = Activate(activation, hidden);
  return output_(hidden).view(normed.sizes());
}

}  // namespace vitrine
