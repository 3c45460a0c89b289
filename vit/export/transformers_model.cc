#include "vit/export/transformers_model.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "vit/config.h"
#include "vit/export/export_names.h"
#include "vit/import/families.h"

namespace vitrine {
namespace {

constexpr int kMostRatio = 64;

absl::Status Refuse(std::string_view field, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("model.", field, ": ", why));
}

bool IsGated(const ModelConfig& config) { return config.activation() == ModelConfig::SWIGLU; }

bool IsDinov2(TransformersClass kind) {
  return kind == TransformersClass::kDinov2 || kind == TransformersClass::kDinov2WithRegisters;
}

// What no class of theirs has.
absl::Status CheckCommon(const ModelConfig& config) {
  if (config.patch_norms()) {
    return Refuse("patch_norms",
                  "no model of transformers has norms before and after its patches' projection; "
                  "train with model.patch_norms=false");
  }
  if (config.embedding_norm()) {
    return Refuse("embedding_norm", "no model for classification of transformers has one");
  }
  if (config.query_key_norm() != ModelConfig::NO_NORM) {
    return Refuse("query_key_norm", "ViT, DeiT and DINOv2 of transformers have none");
  }
  if (!HasClassToken(config)) {
    return Refuse("class_token", "there is none, but in every model of transformers");
  }
  if (config.pooling() == ModelConfig::MEAN && config.pooling_norm() == ModelConfig::AFTER_MEAN) {
    return Refuse("pooling_norm", "AFTER_MEAN, but models of transformers have it before");
  }
  return absl::OkStatus();
}

absl::Status CheckDinov2(const ModelConfig& config) {
  const PatchGrid grid(config);
  if (grid.rows != grid.columns) {
    return Refuse(
        "image_width",
        "DINOv2 of transformers, the one with such heads, MLPs and tokens, takes squares");
  }
  if (!Dinov2MlpRatio(config)) {
    return Refuse("mlp_width", absl::StrCat(MlpWidth(config),
                                            " is not as wide as DINOv2 of transformers, the one "
                                            "with such heads, MLPs and tokens, makes it"));
  }
  return absl::OkStatus();
}

// What DeiT with two heads has not.
absl::Status CheckDistilled(const ModelConfig& config) {
  constexpr char kWhy[] = "no distilled model of transformers has any";
  if (config.register_tokens() > 0) return Refuse("register_tokens", kWhy);
  if (config.layer_scale() > 0) return Refuse("layer_scale", kWhy);
  if (IsGated(config)) return Refuse("activation", "SWIGLU, which no distilled model has there");
  return absl::OkStatus();
}

std::string_view Prefix(TransformersClass kind) {
  switch (kind) {
    case TransformersClass::kVit:
      return "vit.";
    case TransformersClass::kDeit:
    case TransformersClass::kDeitWithTeacher:
      return "deit.";
    case TransformersClass::kDinov2:
      return "dinov2.";
    case TransformersClass::kDinov2WithRegisters:
      return "dinov2_with_registers.";
  }
  return "";
}

// The register is the token that no head reads.
void RenameRegister(ForeignModel* model) {
  auto token = model->tensors.extract("register_tokens");
  token.key() = "distillation_token";
  model->tensors.insert(std::move(token));
  model->notes.push_back(
      "register_tokens: the one is DeiT's distillation token, which no head reads there either");
}

}  // namespace

std::optional<int> Dinov2MlpRatio(const ModelConfig& config) {
  for (int ratio = 1; ratio <= kMostRatio; ++ratio) {
    const int64_t plain = int64_t{ratio} * config.width();
    // Of gates and values two thirds each, in multiples of 8.
    const int64_t width = IsGated(config) ? (plain * 2 / 3 + 7) / 8 * 8 : plain;
    if (width == MlpWidth(config)) return ratio;
  }
  return std::nullopt;
}

absl::StatusOr<TransformersClass> TransformersClassOf(const ModelConfig& config) {
  RETURN_IF_ERROR(CheckCommon(config));
  if (config.distillation_token()) {
    RETURN_IF_ERROR(CheckDistilled(config));
    return TransformersClass::kDeitWithTeacher;
  }
  const bool is_plain =
      config.pooling() == ModelConfig::CLASS_TOKEN && config.layer_scale() == 0 && !IsGated(config);
  if (is_plain && config.register_tokens() == 0) return TransformersClass::kVit;
  if (is_plain && config.register_tokens() == 1) return TransformersClass::kDeit;
  RETURN_IF_ERROR(CheckDinov2(config));
  return config.register_tokens() > 0 ? TransformersClass::kDinov2WithRegisters
                                      : TransformersClass::kDinov2;
}

absl::StatusOr<ForeignModel> ToTransformers(const ModelConfig& config, TensorMap tensors,
                                            bool with_heads) {
  ASSIGN_OR_RETURN(const TransformersClass kind, TransformersClassOf(config));
  RETURN_IF_ERROR(CheckTensors(config, tensors));
  ForeignModel model{.tensors = std::move(tensors), .notes = {}};
  if (!with_heads) LeaveOutHeads(&model);
  MakePositions(config,
                {.class_token = true,
                 .distillation_token = config.distillation_token(),
                 .register_tokens = kind == TransformersClass::kDeit ? 1 : 0},
                &model);
  MakePatchBias(config, &model);
  MakeConvolution(config, &model);
  if (kind == TransformersClass::kDeit) RenameRegister(&model);
  if (IsDinov2(kind)) {
    MakeLayerScale(config, &model);
    if (with_heads) WidenHead(config, &model);
  }
  const Family& family = IsDinov2(kind) ? TransformersDinov2Family() : TransformersVitFamily();
  ASSIGN_OR_RETURN(model.tensors, NameTensors(family, Prefix(kind), config, model.tensors));
  if (IsDinov2(kind)) {
    // Only training with hidden patches reads it, but it is expected.
    model.tensors[absl::StrCat(Prefix(kind), "embeddings.mask_token")] =
        at::zeros({1, config.width()});
  }
  return model;
}

}  // namespace vitrine
