#include "vit/export/timm_model.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "vit/config.h"
#include "vit/export/export_names.h"
#include "vit/import/families.h"

namespace vitrine {
namespace {

// What its models have, but for those of CLIP.
constexpr double kEpsilon = 1e-6, kClipEpsilon = 1e-5;

absl::Status Refuse(std::string_view field, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("model.", field, ": ", why));
}

// The last norm is of the mean.
void RenamePooledNorm(ForeignModel* model) {
  for (const char* what : {"weight", "bias"}) {
    auto norm = model->tensors.extract(absl::StrCat("final_norm.", what));
    norm.key() = absl::StrCat("pooled_norm.", what);
    model->tensors.insert(std::move(norm));
  }
}

}  // namespace

absl::Status CheckTimm(const ModelConfig& config) {
  const bool is_gated = config.activation() == ModelConfig::SWIGLU;
  const double epsilon = config.layer_norm_epsilon();
  if (config.patch_norms()) {
    return Refuse("patch_norms",
                  "no model of timm has norms before and after its patches' projection; train with "
                  "model.patch_norms=false");
  }
  if (config.pooling() == ModelConfig::CLASS_AND_MEAN) {
    return Refuse("pooling", "CLASS_AND_MEAN, which no model of timm does");
  }
  if (config.query_key_norm() == ModelConfig::RMS_NORM) {
    return Refuse("query_key_norm", "RMS_NORM, which timm has only with RMS norms everywhere");
  }
  if (config.distillation_token() && config.register_tokens() > 0) {
    return Refuse("register_tokens", "no distilled model of timm has any");
  }
  if (epsilon != kEpsilon && epsilon != kClipEpsilon) {
    return Refuse("layer_norm_epsilon",
                  absl::StrCat(epsilon, "; models of timm have 1e-06 or 1e-05"));
  }
  if (epsilon != kEpsilon && (is_gated || config.distillation_token())) {
    return Refuse("layer_norm_epsilon",
                  absl::StrCat(epsilon, "; models of timm with ",
                               is_gated ? "SWIGLU" : "a distillation token", " have 1e-06"));
  }
  return absl::OkStatus();
}

bool TimmPrefixHasPositions(const ModelConfig& config) {
  return config.distillation_token() ||
         (config.position_embedding() == ModelConfig::LEARNED && PositionPrefix(config) > 0);
}

absl::StatusOr<ForeignModel> ToTimm(const ModelConfig& config, TensorMap tensors, bool with_heads) {
  RETURN_IF_ERROR(CheckTimm(config));
  RETURN_IF_ERROR(CheckTensors(config, tensors));
  ForeignModel model{.tensors = std::move(tensors), .notes = {}};
  if (!with_heads) LeaveOutHeads(&model);
  PositionRows rows;
  if (TimmPrefixHasPositions(config)) {
    rows = {.class_token = HasClassToken(config),
            .distillation_token = config.distillation_token(),
            .register_tokens = config.register_tokens()};
  }
  MakePositions(config, rows, &model);
  config.embedding_norm() ? FoldPatchBias(config, &model) : MakePatchBias(config, &model);
  MakeConvolution(config, &model);
  // The one way to a gated MLP there has layer scale too.
  if (config.activation() == ModelConfig::SWIGLU) MakeLayerScale(config, &model);
  if (config.pooling() == ModelConfig::MEAN && config.pooling_norm() == ModelConfig::AFTER_MEAN) {
    RenamePooledNorm(&model);
  }
  ASSIGN_OR_RETURN(model.tensors, NameTensors(TimmFamily(), /*prefix=*/"", config, model.tensors));
  return model;
}

}  // namespace vitrine
