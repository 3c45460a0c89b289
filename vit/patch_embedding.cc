#include "vit/patch_embedding.h"

#include "vit/config.h"

namespace vitrine {

at::Tensor Patchify(const at::Tensor& images, int64_t patch_size) {
  const int64_t batch = images.size(0), channels = images.size(1);
  const int64_t rows = images.size(2) / patch_size, columns = images.size(3) / patch_size;
  return images
      .reshape({batch, channels, rows, patch_size, columns, patch_size})  // [B, C, h, p, w, p]
      .permute({0, 2, 4, 3, 5, 1})                                        // [B, h, w, p, p, C]
      .reshape({batch, rows * columns, patch_size * patch_size * channels});
}

PatchEmbedding::PatchEmbedding(const ModelConfig& config, const at::TensorOptions& options)
    : projection(PatchLength(config), config.width(), options, config.patch_bias()) {
  if (!config.patch_norms()) return;
  input_norm.emplace(PatchLength(config), options, config.layer_norm_epsilon());
  output_norm.emplace(config.width(), options, config.layer_norm_epsilon());
}

at::Tensor PatchEmbedding::operator()(const at::Tensor& patches) const {
  if (!input_norm) return projection(patches);
  return (*output_norm)(projection((*input_norm)(patches)));
}

void PatchEmbedding::VisitParameters(const std::string& name, ParameterVisitor visit) {
  if (input_norm) input_norm->VisitParameters(name + ".input_norm", visit);
  projection.VisitParameters(name + ".projection", visit);
  if (output_norm) output_norm->VisitParameters(name + ".output_norm", visit);
}

}  // namespace vitrine
