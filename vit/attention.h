// Multi-head self-attention (Vaswani et al., arXiv 1706.03762).

#ifndef VIT_ATTENTION_H_
#define VIT_ATTENTION_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"

namespace vitrine {

struct Attention {
  Attention(int64_t width, int64_t heads, double dropout, const at::TensorOptions& options);

  // [B, T, D] to what attention adds to the first `queries` tokens, [B, queries, D]. Hands out
  // "<name>.queries", "<name>.keys", "<name>.values" and "<name>.mixed", [B, heads, T, D / heads],
  // where queries and mixed are of the first tokens alone. The attention weights, which are not
  // formed but to drop some of them, are softmax(q k^T / sqrt(D / heads)); mixed is their product
  // with v.
  at::Tensor operator()(const at::Tensor& x, int64_t queries, const std::string& name,
                        const ForwardContext& context) const;

  // Whether a pass drops attention weights, which fused operators cannot.
  bool DropsWeights(const ForwardContext& context) const { return context.training && dropout > 0; }

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  int64_t heads;
  double dropout;  // of the weights
  Linear qkv;      // queries, keys and values packed in this order, each split into heads
  Linear projection;

 private:
  struct Heads {
    at::Tensor queries, keys, values;  // [B, H, T, D / H]
  };
  Heads Project(const at::Tensor& x, int64_t queries) const;

  // [B, H, queries, D / H]
  at::Tensor Mix(const Heads& parts, const ForwardContext& context) const;
};

}  // namespace vitrine

#endif  // VIT_ATTENTION_H_
