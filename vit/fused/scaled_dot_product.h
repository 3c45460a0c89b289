// Scaled dot-product attention of many heads, forward and backward, on the rows that the linear
// layers around it write and read (Dao et al., FlashAttention, arXiv 2205.14135): a head and a
// block of queries at a time, so that the weights are never in memory, and computed again in the
// backward pass.
//
// So where the processor has small_products, forward in float32 and both ways in bfloat16, but for
// heads of an odd size there. Elsewhere it is libtorch's operator, which is no slower backward in
// float32.

#ifndef VIT_FUSED_SCALED_DOT_PRODUCT_H_
#define VIT_FUSED_SCALED_DOT_PRODUCT_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace vitrine::fused {

// One row of D numbers for each token of each sample, [B * tokens, D], the heads one after another
// in it. Rows may lie apart, as those of a packed tensor do.
struct AttentionRows {
  at::Tensor queries, keys, values;
};

struct AttentionSizes {
  int64_t batch, heads;
};

struct Attended {
  // [B * queries, D], softmax(q k^T / sqrt(D / heads)) v: in their type, or in float32 where that
  // computes what is of bfloat16, since gradients suffer if it is rounded.
  at::Tensor mixed;
  at::Tensor logsumexp;  // [B, heads, queries], for the backward pass
};

// All rows are of one type.
Attended Attend(const AttentionRows& rows, const AttentionSizes& sizes);

// From the gradient of `mixed` those of the rows, written into the rows of `gradients`.
void AttendBackward(const at::Tensor& d_mixed, const AttentionRows& rows, const Attended& attended,
                    const AttentionSizes& sizes, const AttentionRows& gradients);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_SCALED_DOT_PRODUCT_H_
