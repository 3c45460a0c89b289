// From pixels to tokens: cut the image into patches, and project each to the model's width.

#ifndef VIT_PATCH_EMBEDDING_H_
#define VIT_PATCH_EMBEDDING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"
#include "vit/model.pb.h"

namespace vitrine {

// [B, C, H, W] to [B, n, patch_size * patch_size * C]: patches row by row, each flattened as (row,
// column, channel). patch_size divides H and W.
at::Tensor Patchify(const at::Tensor& images, int64_t patch_size);

// LayerNorm, Linear, LayerNorm; or Linear alone.
struct PatchEmbedding {
  PatchEmbedding(const ModelConfig& config, const at::TensorOptions& options);

  // [B, n, patch_length] to [B, n, D]
  at::Tensor operator()(const at::Tensor& patches) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  std::optional<LayerNorm> input_norm;
  Linear projection;
  std::optional<LayerNorm> output_norm;
};

}  // namespace vitrine

#endif  // VIT_PATCH_EMBEDDING_H_
