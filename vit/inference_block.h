// A block of the encoder as it is run for answers alone: without gradients or dropout, its weights
// packed once.

#ifndef VIT_INFERENCE_BLOCK_H_
#define VIT_INFERENCE_BLOCK_H_

#include <cstdint>
#include <optional>

#include "ATen/core/Tensor.h"
#include "vit/block.h"
#include "vit/fused/layer_norm.h"
#include "vit/fused/scaled_dot_product.h"
#include "vit/packed_linear.h"

namespace vitrine {

class InferenceBlock {
 public:
  // Of a float32 block on the CPU. Does not see what becomes of the block's weights later. Where
  // some tokens' output may do, their queries are computed by themselves.
  InferenceBlock(const Block& block, bool some_may_do, at::ScalarType operands);

  // [B, T, D] in float32 to the first `tokens` tokens of the output, [B, tokens, D].
  at::Tensor operator()(const at::Tensor& x, int64_t tokens) const;

 private:
  // [B, T, D], normalised, to the heads' results for the first tokens, [B * tokens, D].
  at::Tensor Attend(const at::Tensor& normed, int64_t tokens) const;
  fused::AttentionRows Project(const at::Tensor& normed, int64_t tokens) const;

  // The heads' results [N, D] projected and added to x [N, D], and what the MLP takes of it.
  fused::NormedSum AddAttended(const at::Tensor& attended, const at::Tensor& x) const;

  // [N, D], normalised, to the MLP's hidden values, [N, M].
  at::Tensor Hidden(const at::Tensor& normed) const;

  Block block_;                      // handles to its tensors
  std::optional<PackedLinear> qkv_;  // or else the two parts of it
  std::optional<PackedLinear> queries_, keys_values_;
  PackedLinear projection_, hidden_, output_;  // with layer scale in those that end a branch
};

}  // namespace vitrine

#endif  // VIT_INFERENCE_BLOCK_H_
