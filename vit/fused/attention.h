// LayerNorm and multi-head self-attention as one operator with a backward pass of its own.

#ifndef VIT_FUSED_ATTENTION_H_
#define VIT_FUSED_ATTENTION_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"

namespace vitrine::fused {

// projection(attention(qkv(norm(x)))) of the first `queries` tokens, which attend to all: x [B, T,
// D] to [B, queries, D]. `qkv` is packed as in vit/attention.h. Differentiable once. The
// linear layers' operands are of the type (products.h).
at::Tensor NormAttention(const at::Tensor& x, const LayerNorm& norm, const Linear& qkv,
                         const Linear& projection, int64_t heads, int64_t queries,
                         at::ScalarType operands);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_ATTENTION_H_
