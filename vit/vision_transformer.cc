#include "vit/vision_transformer.h"

#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/problems.h"
#include "base/status_macros.h"
#include "glog/logging.h"
#include "vit/config.h"
#include "vit/initialization.h"
#include "vit/positions.h"
#include "vit/recompute.h"

namespace vitrine {
namespace {

bool HasLearnedPositions(const ModelConfig& config) {
  return config.position_embedding() == ModelConfig::LEARNED;
}

at::Tensor MakePositions(const ModelConfig& config, const at::TensorOptions& options) {
  const bool learned = HasLearnedPositions(config);
  const PatchGrid grid(config);
  const int64_t tokens = (learned ? PositionPrefix(config) : 0) + grid.count();
  // A meta tensor has a shape and no values.
  if (learned || options.device().is_meta()) return at::empty({1, tokens, config.width()}, options);
  return SinCosPositions(grid.rows, grid.columns, config.width(), options);
}

std::vector<Block> MakeBlocks(const ModelConfig& config, const at::TensorOptions& options) {
  std::vector<Block> blocks;
  for (int i = 0; i < config.depth(); ++i) blocks.emplace_back(config, i, options);
  return blocks;
}

}  // namespace

VisionTransformer::VisionTransformer(const ModelConfig& config, const at::TensorOptions& options)
    : config_(config),
      patch_embedding_(config, options),
      position_embedding_(MakePositions(config, options)),
      blocks_(MakeBlocks(config, options)),
      final_norm_(config.width(), options, config.layer_norm_epsilon()),
      head_(HeadInputs(config), config.num_classes(), options) {
  const auto tokens = [&](int64_t count) {
    return count == 0 ? at::Tensor() : at::empty({1, count, config.width()}, options);
  };
  class_token_ = tokens(HasClassToken(config) ? 1 : 0);
  distillation_token_ = tokens(config.distillation_token() ? 1 : 0);
  register_tokens_ = tokens(config.register_tokens());
  if (config.embedding_norm()) {
    embedding_norm_.emplace(config.width(), options, config.layer_norm_epsilon());
  }
  if (config.distillation_token()) {
    distillation_head_.emplace(config.width(), config.num_classes(), options);
  }
}

absl::StatusOr<VisionTransformer> VisionTransformer::Create(const ModelConfig& config,
                                                            uint64_t seed) {
  RETURN_IF_ERROR(ProblemsError(ModelConfigProblems(config)));
  VisionTransformer model(config, at::kFloat);
  model.VisitParameters([&](const std::string& name, at::Tensor& parameter) {
    Initialize(config, name, seed, parameter);
    parameter.requires_grad_(true);
  });
  return model;
}

absl::StatusOr<VisionTransformer> VisionTransformer::CreateShapesOnly(const ModelConfig& config) {
  RETURN_IF_ERROR(ProblemsError(ModelConfigProblems(config)));
  return VisionTransformer(config, at::TensorOptions(at::kFloat).device(at::kMeta));
}

at::Tensor VisionTransformer::Forward(const at::Tensor& images,
                                      const ForwardContext& context) const {
  return Classify(Features(images, context));
}

at::Tensor VisionTransformer::Features(const at::Tensor& images,
                                       const ForwardContext& context) const {
  return Embed(images, {}, context);
}

at::Tensor VisionTransformer::Embed(const at::Tensor& images, const Readout& readout,
                                    const ForwardContext& context) const {
  const at::Tensor patches = Patchify(images, config_.patch_size());  // [B, n, p * p * C]
  at::Tensor x = Tokens(patch_embedding_(patches), context);
  const size_t layers = LayersOf(config_, readout);
  for (size_t i = 0; i < layers; ++i) {
    x = RunBlock(i, x, i + 1 < layers ? 0 : TokensInFront(config_, readout), context);
  }
  return Read(x, readout);
}

at::Tensor VisionTransformer::Tokens(const at::Tensor& patches,
                                     const ForwardContext& context) const {
  const at::Tensor tokens =
      Dropout(AddPrefixAndPositions(patches), EmbeddingDropout(config_), context);
  return embedding_norm_ ? (*embedding_norm_)(tokens) : tokens;
}

at::Tensor VisionTransformer::AddPrefixAndPositions(at::Tensor patches) const {
  int64_t position = 0;  // the next one
  std::vector<at::Tensor> tokens;
  const auto add = [&](at::Tensor token, bool has_position) {
    if (!token.defined()) return;
    if (has_position) token = token + position_embedding_.narrow(1, position++, 1);
    tokens.push_back(token.expand({patches.size(0), -1, -1}));
  };
  const bool learned = HasLearnedPositions(config_);  // fixed ones are of the patches alone
  add(class_token_, learned && config_.class_token_position());
  add(distillation_token_, learned);
  add(register_tokens_, false);
  tokens.push_back(patches + position_embedding_.narrow(1, position, patches.size(1)));
  return tokens.size() == 1 ? tokens[0] : at::concat(tokens, 1);
}

at::Tensor VisionTransformer::RunBlock(size_t index, const at::Tensor& x, int64_t tokens,
                                       const ForwardContext& context) const {
  const std::string name = absl::StrCat("blocks.", index);
  // Whoever asks for intermediates wants those of every token.
  if (tokens == 0 || context.intermediates != nullptr) tokens = x.size(1);
  if (!context.training || !context.recompute_blocks) {
    return blocks_[index](x, tokens, name, context);
  }
  Block block = blocks_[index];  // handles to its tensors, which may have to outlive the model
  std::vector<at::Tensor> parameters;
  block.VisitParameters(
      name, [&](const std::string&, at::Tensor& parameter) { parameters.push_back(parameter); });
  const auto run = [block, tokens, name](const at::Tensor& x, const ForwardContext& context) {
    return block(x, tokens, name, context);
  };
  return Recompute(run, x, parameters, context);
}

at::Tensor VisionTransformer::MeanOfPatches(const at::Tensor& tokens,
                                            const Readout& readout) const {
  const at::Tensor patches = tokens.slice(1, PrefixLength(config_));
  if (!readout.final_norm) return patches.mean(1);
  if (config_.pooling_norm() == ModelConfig::AFTER_MEAN) return final_norm_(patches.mean(1));
  return final_norm_(patches).mean(1);
}

// LayerNorm works token by token, so only what is read needs it.
at::Tensor VisionTransformer::Read(const at::Tensor& tokens, const Readout& readout) const {
  const auto norm = [&](const at::Tensor& x) {
    return NormsTokens(config_, readout) ? final_norm_(x) : x;
  };
  using Tokens = Readout::Tokens;
  if (readout.tokens == Tokens::kClass) return norm(tokens.select(1, 0));
  if (readout.tokens == Tokens::kMean) return MeanOfPatches(tokens, readout);
  if (readout.tokens == Tokens::kPatches) return norm(tokens.slice(1, PrefixLength(config_)));
  if (distillation_head_) return norm(tokens.narrow(1, 0, 2));
  switch (config_.pooling()) {
    case ModelConfig::CLASS_TOKEN:
      return norm(tokens.select(1, 0));
    case ModelConfig::MEAN:
      return MeanOfPatches(tokens, readout);
    case ModelConfig::CLASS_AND_MEAN:
      return at::concat({norm(tokens.select(1, 0)), MeanOfPatches(tokens, readout)}, 1);
  }
  LOG(FATAL) << "not a pooling";
}

at::Tensor VisionTransformer::Classify(const at::Tensor& features) const {
  if (!distillation_head_) return head_(features);
  return (head_(features.select(1, 0)) + (*distillation_head_)(features.select(1, 1))) / 2;
}

void VisionTransformer::VisitParameters(ParameterVisitor visit) {
  patch_embedding_.VisitParameters("patch_embedding", visit);
  if (class_token_.defined()) visit("class_token", class_token_);
  if (distillation_token_.defined()) visit("distillation_token", distillation_token_);
  if (register_tokens_.defined()) visit("register_tokens", register_tokens_);
  if (HasLearnedPositions(config_)) visit("position_embedding", position_embedding_);
  if (embedding_norm_) embedding_norm_->VisitParameters("embedding_norm", visit);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].VisitParameters(absl::StrCat("blocks.", i), visit);
  }
  final_norm_.VisitParameters("final_norm", visit);
  head_.VisitParameters("head", visit);
  if (distillation_head_) distillation_head_->VisitParameters("distillation_head", visit);
}

std::vector<NamedParameter> VisionTransformer::Parameters() const {
  std::vector<NamedParameter> parameters;
  // Visiting gives out references for those who replace tensors; here they are only read.
  const_cast<VisionTransformer*>(this)->VisitParameters(
      [&](const std::string& name, at::Tensor& parameter) {
        parameters.push_back({name, parameter});
      });
  return parameters;
}

int64_t VisionTransformer::ParameterCount() const {
  int64_t count = 0;
  for (const NamedParameter& parameter : Parameters()) count += parameter.tensor.numel();
  return count;
}

TensorMap VisionTransformer::Tensors() const {
  TensorMap tensors;
  for (const NamedParameter& parameter : Parameters()) {
    tensors.emplace(parameter.name, parameter.tensor);
  }
  return tensors;
}

absl::Status VisionTransformer::Load(const TensorMap& tensors) {
  return CopyTensors(tensors, Tensors());
}

VisionTransformer VisionTransformer::Clone(const at::TensorOptions& options) const {
  const at::TensorOptions merged = head_.weight.options().requires_grad(false).merge_in(options);
  VisionTransformer clone(config_, merged);
  const std::vector<NamedParameter> originals = Parameters();
  size_t next = 0;
  const at::NoGradGuard no_grad;
  clone.VisitParameters([&](const std::string&, at::Tensor& parameter) {
    parameter.copy_(originals[next++].tensor);
    parameter.requires_grad_(true);
  });
  return clone;
}

}  // namespace vitrine
