#include "vit/inference_model.h"

#include <cstdint>
#include <optional>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "base/tensors/autocast.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// So many that their activations stay in a shared cache of some MiB; fewer read the weights more
// often.
constexpr int64_t kImagesATime = 8;

bool IsPacked(const VisionTransformer& model) {
  return model.device().is_cpu() && model.type() == at::kFloat;
}

}  // namespace

InferenceModel::InferenceModel(const VisionTransformer* model, at::ScalarType operands)
    : model_(model), operands_(operands) {
  if (!IsPacked(*model)) return;
  const at::NoGradGuard no_grad;
  const std::vector<Block>& blocks = model->blocks();
  for (size_t i = 0; i < blocks.size(); ++i) {
    const int64_t tokens = i + 1 < blocks.size() ? 0 : ReadTokens(model->config());
    blocks_.emplace_back(blocks[i], tokens, operands);
  }
}

at::Tensor InferenceModel::Forward(const at::Tensor& images) const {
  return Classify(Features(images));
}

at::Tensor InferenceModel::Features(const at::Tensor& images) const {
  const at::NoGradGuard no_grad;
  if (blocks_.empty()) {
    const Autocast autocast(model_->device().type(),
                            operands_ == at::kFloat ? std::nullopt : std::optional(operands_));
    return model_->Features(images, {});
  }
  std::vector<at::Tensor> parts;
  for (const at::Tensor& few : images.split(kImagesATime)) parts.push_back(FeaturesOfFew(few));
  return parts.size() == 1 ? parts[0] : at::concat(parts);
}

at::Tensor InferenceModel::FeaturesOfFew(const at::Tensor& images) const {
  at::Tensor x = model_->Embed(images, {});
  for (const InferenceBlock& block : blocks_) x = block(x);
  return model_->Pool(x);
}

at::Tensor InferenceModel::Classify(const at::Tensor& features) const {
  const at::NoGradGuard no_grad;
  return model_->Classify(features);
}

}  // namespace vitrine
