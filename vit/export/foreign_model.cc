#include "vit/export/foreign_model.h"

#include <cstdint>
#include <string_view>

#include "ATen/TensorOperators.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "vit/config.h"
#include "vit/positions.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

constexpr char kPositions[] = "position_embedding";
constexpr char kPatchBias[] = "patch_embedding.projection.bias";
constexpr char kPatchWeight[] = "patch_embedding.projection.weight";

bool IsFixed(const ModelConfig& config) {
  return config.position_embedding() == ModelConfig::SINCOS_2D;
}

at::Tensor Zeros(int64_t tokens, const ModelConfig& config) {
  return at::zeros({1, tokens, config.width()});
}

}  // namespace

absl::Status CheckTensors(const ModelConfig& config, const TensorMap& tensors) {
  ASSIGN_OR_RETURN(const VisionTransformer model, VisionTransformer::CreateShapesOnly(config));
  return CheckSameTensors(tensors, model.Tensors());
}

void LeaveOutHeads(ForeignModel* model) {
  std::erase_if(model->tensors, [](const auto& entry) { return IsHead(entry.first); });
}

void MakePositions(const ModelConfig& config, const PositionRows& rows, ForeignModel* model) {
  const PatchGrid grid(config);
  if (IsFixed(config)) {
    model->tensors[kPositions] =
        SinCosPositions(grid.rows, grid.columns, config.width(), at::kFloat);
    model->notes.push_back(
        "model.position_embedding: SINCOS_2D; the fixed positions are exported as learned ones");
  }
  const at::Tensor all = model->tensors.at(kPositions);
  const int64_t distillation = config.distillation_token() ? 1 : 0;
  const int64_t prefix = all.size(1) - grid.count(), class_token = prefix - distillation;
  std::vector<at::Tensor> parts;
  const auto add = [&](int64_t wanted, int64_t begin, int64_t there) {
    if (there > 0) parts.push_back(all.narrow(1, begin, there));
    if (wanted > there) parts.push_back(Zeros(wanted - there, config));
  };
  add(rows.class_token ? 1 : 0, 0, class_token);
  add(rows.distillation_token ? 1 : 0, class_token, distillation);
  add(rows.register_tokens, prefix, 0);
  parts.push_back(all.narrow(1, prefix, grid.count()));
  at::Tensor made = at::concat(parts, 1);
  if (made.size(1) > all.size(1)) {
    model->notes.push_back(absl::StrCat(kPositions, ": zeros for ", made.size(1) - all.size(1),
                                        " tokens that have no position here"));
  }
  model->tensors[kPositions] = std::move(made);
}

void MakePatchBias(const ModelConfig& config, ForeignModel* model) {
  if (config.patch_bias()) return;
  model->tensors[kPatchBias] = at::zeros({config.width()});
  model->notes.push_back(absl::StrCat(kPatchBias, ": zeros, there is none here"));
}

void FoldPatchBias(const ModelConfig& config, ForeignModel* model) {
  if (!config.patch_bias()) return;
  const at::Tensor bias = model->tensors.extract(kPatchBias).mapped();
  at::Tensor positions = model->tensors.at(kPositions).clone();
  const int64_t patches = PatchGrid(config).count();
  positions.narrow(1, positions.size(1) - patches, patches).add_(bias);
  model->tensors[kPositions] = std::move(positions);
  model->notes.push_back(
      absl::StrCat(kPatchBias, ": is added to the positions, there is none in such a model"));
}

void MakeConvolution(const ModelConfig& config, ForeignModel* model) {
  at::Tensor& weight = model->tensors.at(kPatchWeight);
  const int64_t side = config.patch_size();
  weight = weight.view({config.width(), side, side, config.channels()}).permute({0, 3, 1, 2});
}

void MakeLayerScale(const ModelConfig& config, ForeignModel* model) {
  if (config.layer_scale() > 0) return;
  for (int block = 0; block < config.depth(); ++block) {
    for (const char* name : {"attention_scale", "mlp_scale"}) {
      model->tensors[absl::StrCat("blocks.", block, ".", name)] = at::ones({config.width()});
    }
  }
  model->notes.push_back("model.layer_scale: factors of 1, there are none here");
}

void WidenHead(const ModelConfig& config, ForeignModel* model) {
  if (config.pooling() == ModelConfig::CLASS_AND_MEAN) return;
  at::Tensor& weight = model->tensors.at("head.weight");
  const at::Tensor zeros = at::zeros_like(weight);
  const bool reads_class = config.pooling() == ModelConfig::CLASS_TOKEN;
  weight = reads_class ? at::concat({weight, zeros}, 1) : at::concat({zeros, weight}, 1);
  model->notes.push_back(absl::StrCat("head.weight: zeros for the ",
                                      reads_class ? "mean of the patches" : "class token",
                                      ", which such a model reads besides"));
}

}  // namespace vitrine
