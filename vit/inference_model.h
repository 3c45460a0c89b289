// A model as it is run for answers alone, in less time than VisionTransformer::Forward.
//
//   const InferenceModel inference(&model);
//   const at::Tensor logits = inference.Forward(images);   // [B, num_classes]

#ifndef VIT_INFERENCE_MODEL_H_
#define VIT_INFERENCE_MODEL_H_

#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "vit/inference_block.h"
#include "vit/inference_patches.h"
#include "vit/readout.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Without gradients, whoever calls; any number of threads may do so at once. On the CPU weights are
// packed when it is made, so it does not see later changes, and operands of products are of the
// type, float32 or bfloat16. On a GPU the model's own operators compute, under autocast for
// bfloat16.
class InferenceModel {
 public:
  // Of a float32 model, which must outlive it; of one of another type it is that model.
  explicit InferenceModel(const VisionTransformer* model, at::ScalarType operands = at::kFloat);

  const ModelConfig& config() const { return model_->config(); }

  // As those of VisionTransformer, in float32.
  at::Tensor Forward(const at::Tensor& images) const;
  at::Tensor Features(const at::Tensor& images) const { return Embed(images, {}); }
  at::Tensor Embed(const at::Tensor& images, const Readout& readout) const;
  at::Tensor Classify(const at::Tensor& features) const;

 private:
  // Of any number of images, and of so many as share the processor's cache.
  at::Tensor EmbedPart(const at::Tensor& images, const Readout& readout) const;
  at::Tensor EmbedFew(const at::Tensor& images, const Readout& readout) const;

  const VisionTransformer* model_;
  at::ScalarType operands_;
  // On the CPU.
  std::optional<InferencePatches> patches_;
  std::vector<InferenceBlock> blocks_;
};

}  // namespace vitrine

#endif  // VIT_INFERENCE_MODEL_H_
