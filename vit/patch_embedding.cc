#include "vit/patch_embedding.h"

namespace vitrine {

at::Tensor Patchify(const at::Tensor& images, int64_t patch_size) {
  const int64_t batch = images.size(0), channels = images.size(1);
  const int64_t rows = images.size(2) / patch_size, columns = images.size(3) / patch_size;
  return images
      .reshape({batch, channels, rows, patch_size, columns, patch_size})  // [B, C, h, p, w, p]
      .permute({0, 2, 4, 3, 5, 1})                                        // [B, h, w, p, p, C]
      .reshape({batch, rows * columns, patch_size * patch_size * channels});
}

PatchEmbedding::PatchEmbedding(int64_t patch_length, int64_t width,
                               const at::TensorOptions& options)
    : input_norm(patch_length, options),
      projection(patch_length, width, options),
      output_norm(width, options) {}

at::Tensor PatchEmbedding::operator()(const at::Tensor& patches) const {
  return output_norm(projection(input_norm(patches)));
}

void PatchEmbedding::VisitParameters(const std::string& name, ParameterVisitor visit) {
  input_norm.VisitParameters(name + ".input_norm", visit);
  projection.VisitParameters(name + ".projection", visit);
  output_norm.VisitParameters(name + ".output_norm", visit);
}

}  // namespace vitrine
