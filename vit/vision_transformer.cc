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
#include "vit/config.h"
#include "vit/initialization.h"
#include "vit/positions.h"
#include "vit/recompute.h"

namespace vitrine {
namespace {

bool HasClassToken(const ModelConfig& config) {
  return config.pooling() == ModelConfig::CLASS_TOKEN;
}

bool HasLearnedPositions(const ModelConfig& config) {
  return config.position_embedding() == ModelConfig::LEARNED;
}

at::Tensor MakePositions(const ModelConfig& config, const at::TensorOptions& options) {
  const bool learned = HasLearnedPositions(config);
  const int64_t tokens =
      learned ? SequenceLength(config) - config.register_tokens() : PatchCount(config);
  // A meta tensor has a shape and no values.
  if (learned || options.device().is_meta()) return at::empty({1, tokens, config.width()}, options);
  return SinCosPositions(config.image_size() / config.patch_size(), config.width(), options);
}

std::vector<Block> MakeBlocks(const ModelConfig& config, const at::TensorOptions& options) {
  std::vector<Block> blocks;
  for (int i = 0; i < config.depth(); ++i) blocks.emplace_back(config, i, options);
  return blocks;
}

}  // namespace

VisionTransformer::VisionTransformer(const ModelConfig& config, const at::TensorOptions& options)
    : config_(config),
      patch_embedding_(PatchLength(config), config.width(), options),
      position_embedding_(MakePositions(config, options)),
      blocks_(MakeBlocks(config, options)),
      final_norm_(config.width(), options),
      head_(config.width(), config.num_classes(), options) {
  if (HasClassToken(config)) class_token_ = at::empty({1, 1, config.width()}, options);
  if (config.register_tokens() > 0) {
    register_tokens_ = at::empty({1, config.register_tokens(), config.width()}, options);
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
  const at::Tensor patches = Patchify(images, config_.patch_size());  // [B, n, p * p * C]
  at::Tensor x = AddPrefixAndPositions(patch_embedding_(patches));    // [B, T, D]
  x = Dropout(x, EmbeddingDropout(config_), context);
  for (size_t i = 0; i < blocks_.size(); ++i) x = RunBlock(i, x, context);
  return head_(Pool(x));  // [B, classes]
}

at::Tensor VisionTransformer::AddPrefixAndPositions(at::Tensor patches) const {
  const int64_t batch = patches.size(0);
  const bool learned = HasLearnedPositions(config_);
  // The class token has a learned position and no fixed one; registers have none.
  const int64_t first_patch = learned && class_token_.defined() ? 1 : 0;
  patches = patches + position_embedding_.narrow(1, first_patch, patches.size(1));
  std::vector<at::Tensor> tokens;
  if (class_token_.defined()) {
    const at::Tensor token =
        learned ? class_token_ + position_embedding_.narrow(1, 0, 1) : class_token_;
    tokens.push_back(token.expand({batch, -1, -1}));
  }
  if (register_tokens_.defined()) tokens.push_back(register_tokens_.expand({batch, -1, -1}));
  tokens.push_back(patches);
  return tokens.size() == 1 ? patches : at::concat(tokens, 1);
}

at::Tensor VisionTransformer::RunBlock(size_t index, const at::Tensor& x,
                                       const ForwardContext& context) const {
  const std::string name = absl::StrCat("blocks.", index);
  // Whoever asks for intermediates wants those of every token.
  const bool class_token_only =
      index + 1 == blocks_.size() && HasClassToken(config_) && context.intermediates == nullptr;
  const int64_t tokens = class_token_only ? 1 : x.size(1);
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

at::Tensor VisionTransformer::Pool(const at::Tensor& tokens) const {
  // LayerNorm works token by token, so the class token alone needs it.
  if (HasClassToken(config_)) return final_norm_(tokens.select(1, 0));
  const int64_t prefix = PrefixLength(config_);
  return final_norm_(tokens.slice(1, prefix)).mean(1);
}

void VisionTransformer::VisitParameters(ParameterVisitor visit) {
  patch_embedding_.VisitParameters("patch_embedding", visit);
  if (class_token_.defined()) visit("class_token", class_token_);
  if (register_tokens_.defined()) visit("register_tokens", register_tokens_);
  if (HasLearnedPositions(config_)) visit("position_embedding", position_embedding_);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].VisitParameters(absl::StrCat("blocks.", i), visit);
  }
  final_norm_.VisitParameters("final_norm", visit);
  head_.VisitParameters("head", visit);
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
