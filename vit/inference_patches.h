// The patch embedding as it is run for answers alone: its weight packed, and reordered for patches
// that are flattened as (channel, row, column), in which whole rows of pixels lie side by side as
// they do in the image. Patchify has to copy single numbers. All in float32: pixels are not
// rounded.

#ifndef VIT_INFERENCE_PATCHES_H_
#define VIT_INFERENCE_PATCHES_H_

#include <cstdint>
#include <optional>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"
#include "vit/packed_linear.h"
#include "vit/patch_embedding.h"

namespace vitrine {

class InferencePatches {
 public:
  // Of a float32 embedding on the CPU. Does not see what becomes of its weights later.
  InferencePatches(const PatchEmbedding& embedding, int64_t patch_size);

  // [B, C, H, W] to [B, n, D], as the embedding of Patchify(images).
  at::Tensor operator()(const at::Tensor& images) const;

 private:
  int64_t patch_size_;
  std::optional<LayerNorm> input_norm_;  // reordered too
  PackedLinear projection_;
  std::optional<LayerNorm> output_norm_;
};

}  // namespace vitrine

#endif  // VIT_INFERENCE_PATCHES_H_
