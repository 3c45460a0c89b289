// What a model's attention did, layer by layer, although it is fused and never formed: computed
// again from the queries and keys that the model hands out.
//
//   const AttentionRecord record = RecordAttention(model, images);
//   record.Weights(0);   // first layer, [B, H, T, T], rows sum to 1

#ifndef ANALYSIS_ATTENTION_H_
#define ANALYSIS_ATTENTION_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// B images, H heads, T tokens, K classes; one tensor a layer, the first block's first.
struct AttentionRecord {
  at::Tensor logits;                           // [B, K]
  std::vector<at::Tensor> queries, keys;       // [B, H, T, D / H]
  std::vector<at::Tensor> values;              // the same shape
  std::vector<at::Tensor> gradients_of_mixed;  // of a class's score by weights x values

  int64_t depth() const { return static_cast<int64_t>(queries.size()); }

  // float32 [B, H, T, T]: row i is what token i attends to. Computed each time: the weights of all
  // layers at once, the only thing here that grows with T squared, would take `depth` times as
  // much.
  at::Tensor Weights(int64_t layer) const;

  // Of the class's score by the layer's weights, the same shape; only of RecordAttentionFor.
  at::Tensor Gradients(int64_t layer) const;
};

// One forward pass without gradients, over normalised images [B, C, S, S].
AttentionRecord RecordAttention(const VisionTransformer& model, const at::Tensor& images);

// The same with the gradients of logits[b, classes[b]]; `classes` is int64 [B], or undefined for
// the class of the highest score. By the chain rule they are those by the attention's product with
// the values, times these values.
AttentionRecord RecordAttentionFor(const VisionTransformer& model, const at::Tensor& images,
                                   const at::Tensor& classes);

}  // namespace vitrine

#endif  // ANALYSIS_ATTENTION_H_
