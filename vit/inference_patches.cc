#include "vit/inference_patches.h"

namespace vitrine {
namespace {

// [..., p * p * C] flattened as (row, column, channel) to the same flattened as (channel, row,
// column).
at::Tensor ByChannel(const at::Tensor& x, int64_t patch_size) {
  const int64_t pixels = patch_size * patch_size, length = x.size(-1);
  return x.reshape({-1, pixels, length / pixels}).transpose(1, 2).reshape(x.sizes());
}

std::optional<LayerNorm> ByChannel(std::optional<LayerNorm> norm, int64_t patch_size) {
  if (!norm) return norm;
  norm->weight = ByChannel(norm->weight, patch_size);
  norm->bias = ByChannel(norm->bias, patch_size);
  return norm;
}

// [B, C, H, W] to [B * n, C * p * p]
at::Tensor Patches(const at::Tensor& images, int64_t patch_size) {
  const int64_t batch = images.size(0), channels = images.size(1);
  const int64_t rows = images.size(2) / patch_size, columns = images.size(3) / patch_size;
  return images
      .reshape({batch, channels, rows, patch_size, columns, patch_size})  // [B, C, h, p, w, p]
      .permute({0, 2, 4, 1, 3, 5})                                        // [B, h, w, C, p, p]
      .reshape({batch * rows * columns, channels * patch_size * patch_size});
}

}  // namespace

InferencePatches::InferencePatches(const PatchEmbedding& embedding, int64_t patch_size)
    : patch_size_(patch_size),
      input_norm_(ByChannel(embedding.input_norm, patch_size)),
      projection_(ByChannel(embedding.projection.weight, patch_size), embedding.projection.bias,
                  at::kFloat),
      output_norm_(embedding.output_norm) {}

at::Tensor InferencePatches::operator()(const at::Tensor& images) const {
  const at::Tensor patches = Patches(images, patch_size_);
  const at::Tensor projected = projection_(input_norm_ ? (*input_norm_)(patches) : patches);
  const at::Tensor tokens = projected.view({images.size(0), -1, projected.size(1)});
  return output_norm_ ? (*output_norm_)(tokens) : tokens;
}

}  // namespace vitrine
