#include "vit/inference_model.h"

#include <optional>

#include "ATen/Parallel.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "base/tensors/autocast.h"
#include "vit/readout.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine {
namespace {

// So many that their activations stay in the processor's cache; fewer read the weights more often.
constexpr int64_t kImagesATime = 4;

bool IsPacked(const VisionTransformer& model) {
  return model.device().is_cpu() && model.type() == at::kFloat;
}

}  // namespace

InferenceModel::InferenceModel(const VisionTransformer* model, at::ScalarType operands)
    : model_(model), operands_(operands) {
  if (!IsPacked(*model)) return;
  const at::NoGradGuard no_grad;
  patches_.emplace(model->patch_embedding(), model->config().patch_size());
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
  if (!patches_) {
    const Autocast autocast(model_->device().type(),
                            operands_ == at::kFloat ? std::nullopt : std::optional(operands_));
    return model_->Embed(images, readout, {});
  }
  // Each thread has images of its own, as many as the others: they wait for each other once, not
  // after every operator. Those left over are computed by all threads together.
  const int64_t threads = at::get_num_threads(), share = images.size(0) / threads;
  std::vector<at::Tensor> parts(share == 0 ? 0 : threads);
  at::parallel_for(0, parts.size(), /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      parts[i] = EmbedPart(images.narrow(0, i * share, share), readout);
    }
  });
  const int64_t rest = images.size(0) - threads * share;
  if (rest > 0) parts.push_back(EmbedPart(images.narrow(0, threads * share, rest), readout));
  return at::concat(parts);
}

at::Tensor InferenceModel::EmbedPart(const at::Tensor& images, const Readout& readout) const {
  const at::NoGradGuard no_grad;  // a thread's own
  std::vector<at::Tensor> parts;
  for (const at::Tensor& few : images.split(kImagesATime)) {
    parts.push_back(EmbedFew(few, readout));
  }
  return at::concat(parts);
}

at::Tensor InferenceModel::EmbedFew(const at::Tensor& images, const Readout& readout) const {
  const ModelConfig& config = model_->config();
  at::Tensor x = model_->Tokens((*patches_)(images), {});
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
