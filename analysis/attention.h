// What a model's attention did, layer by layer, although it is fused and never formed: computed
// again from the queries and keys that the model hands out.
//
//   const AttentionRecord record = RecordAttention(model, images);
//   record.weights[0];   // first layer, [B, H, T, T], rows sum to 1

#ifndef ANALYSIS_ATTENTION_H_
#define ANALYSIS_ATTENTION_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// B images, H heads, T tokens, K classes; one tensor a layer, the first block's first.
struct AttentionRecord {
  at::Tensor logits;                  // [B, K]
  std::vector<at::Tensor> weights;    // float32 [B, H, T, T]: row i is what token i attends to
  std::vector<at::Tensor> gradients;  // of a class's score by the weights, the same shape
};

// One forward pass without gradients, over normalised images [B, C, S, S]; `gradients` stays empty.
AttentionRecord RecordAttention(const VisionTransformer& model, const at::Tensor& images);

// The same with the gradients of logits[b, classes[b]]; `classes` is int64 [B], or undefined for
// the class of the highest score. By the chain rule they are those by the attention's product with
// the values, times these values.
AttentionRecord RecordAttentionFor(const VisionTransformer& model, const at::Tensor& images,
                                   const at::Tensor& classes);

}  // namespace vitrine

#endif  // ANALYSIS_ATTENTION_H_
