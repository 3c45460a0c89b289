// Multi-head self-attention (Vaswani et al., arXiv 1706.03762).

#ifndef VIT_ATTENTION_H_
#define VIT_ATTENTION_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"
#include "vit/model.pb.h"

namespace vitrine {

// Normalises the queries or keys of each head: LayerNorm, or RMSNorm (Zhang and Sennrich, arXiv
// 1910.07467).
struct HeadNorm {
  // Of heads of so many numbers.
  HeadNorm(const ModelConfig& config, const at::TensorOptions& options);

  // [..., D / heads] to the same
  at::Tensor operator()(const at::Tensor& x) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  at::Tensor weight;  // [D / heads], undefined where nothing is normalised
  at::Tensor bias;    // [D / heads], defined for LayerNorm
  double epsilon;
};

struct Attention {
  Attention(const ModelConfig& config, const at::TensorOptions& options);

  // [B, T, D] to what attention adds to the first `queries` tokens, [B, queries, D]. Hands out
  // "<name>.queries", "<name>.keys", "<name>.values" and "<name>.mixed", [B, heads, T, D / heads],
  // where queries and mixed are of the first tokens alone; queries and keys are normalised. The
  // attention weights, which are not formed but to drop some of them, are softmax(q k^T / sqrt(D /
  // heads)); mixed is their product with v.
  at::Tensor operator()(const at::Tensor& x, int64_t queries, const std::string& name,
                        const ForwardContext& context) const;

  // Whether fused operators can do it, which form no weights to drop and normalise no heads.
  bool CanBeFused(const ForwardContext& context) const {
    return !DropsWeights(context) && !query_norm.weight.defined();
  }

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  int64_t heads;
  double dropout;  // of the weights
  Linear qkv;      // queries, keys and values packed in this order, each split into heads
  HeadNorm query_norm, key_norm;
  Linear projection;

 private:
  bool DropsWeights(const ForwardContext& context) const { return context.training && dropout > 0; }

  struct Heads {
    at::Tensor queries, keys, values;  // [B, H, T, D / H]
  };
  Heads Project(const at::Tensor& x, int64_t queries) const;

  // [B, H, queries, D / H]
  at::Tensor Mix(const Heads& parts, const ForwardContext& context) const;
};

}  // namespace vitrine

#endif  // VIT_ATTENTION_H_
