#include "vit/inference_model.h"

#include <cstdint>
#include <optional>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "base/tensors/autocast.h"
#include "vit/readout.h"

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
  for (const Block& block : blocks) {
    // Of the last one most heads read few tokens.
    blocks_.emplace_back(block, /*some_may_do=*/&block == &blocks.back(), operands);
  }
}

at::Tensor InferenceModel::Forward(const at::Tensor& images) const {
  return Classify(Features(images));
}

at::Tensor InferenceModel::Embed(const at::Tensor& images, const Readout& readout) const {
  const at::NoGradGuard no_grad;
  if (blocks_.empty()) {
    const Autocast autocast(model_->device().type(),
                            operands_ == at::kFloat ? std::nullopt : std::optional(operands_));
    return model_->Embed(images, readout, {});
  }
  std::vector<at::Tensor> parts;
  for (const at::Tensor& few : images.split(kImagesATime)) {
    parts.push_back(EmbedFew(few, readout));
  }
  return parts.size() == 1 ? parts[0] : at::concat(parts);
}

at::Tensor InferenceModel::EmbedFew(const at::Tensor& images, const Readout& readout) const {
  const ModelConfig& config = model_->config();
  at::Tensor x = model_->Tokenize(images, {});
  const size_t layers = LayersOf(config, readout);
  for (size_t i = 0; i < layers; ++i) {
    const int64_t in_front = i + 1 < blocks_.size() ? 0 : TokensInFront(config, readout);
    x = blocks_[i](x, in_front == 0 ? x.size(1) : in_front);
  }
  return model_->Read(x, readout);
}

at::Tensor InferenceModel::Classify(const at::Tensor& features) const {
  const at::NoGradGuard no_grad;
  return model_->Classify(features);
}

}  // namespace vitrine
