#include "eval/formats/timm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/formats/formats.h"
#include "eval/formats/preprocessing.h"
#include "vit/config.h"
#include "vit/export/timm_model.h"

namespace vitrine {
namespace {

// A name that timm has for a model of these sizes. Its arguments say everything again, so for other
// sizes any name will do.
struct Architecture {
  std::string_view name;
  int width, depth, heads, patch_size;
};

constexpr Architecture kArchitectures[] = {
    {"vit_tiny_patch16_224", 192, 12, 3, 16},    {"vit_small_patch16_224", 384, 12, 6, 16},
    {"vit_small_patch32_224", 384, 12, 6, 32},   {"vit_base_patch16_224", 768, 12, 12, 16},
    {"vit_base_patch32_224", 768, 12, 12, 32},   {"vit_large_patch16_224", 1024, 24, 16, 16},
    {"vit_large_patch32_224", 1024, 24, 16, 32}, {"vit_huge_patch14_224", 1280, 32, 16, 14},
};
constexpr std::string_view kAnyArchitecture = "vit_base_patch16_224";

// Those of models whose classes, norms or MLPs no argument in a file can name.
constexpr std::string_view kDistilled = "deit_base_distilled_patch16_224",
                           kGated = "vit_giant_patch14_dinov2",
                           kClipNorms = "vit_base_patch16_clip_224";
constexpr double kClipEpsilon = 1e-5;

std::string_view ArchitectureOf(const ModelConfig& config) {
  if (config.distillation_token()) return kDistilled;
  if (config.activation() == ModelConfig::SWIGLU) return kGated;
  if (config.layer_norm_epsilon() == kClipEpsilon) return kClipNorms;
  for (const Architecture& sizes : kArchitectures) {
    if (config.width() == sizes.width && config.depth() == sizes.depth &&
        config.heads() == sizes.heads && config.patch_size() == sizes.patch_size) {
      return sizes.name;
    }
  }
  return kAnyArchitecture;
}

// Of which int(width * ratio) is `hidden`.
double MlpRatio(int64_t hidden, int64_t width) {
  double ratio = static_cast<double>(hidden) / static_cast<double>(width);
  while (static_cast<int64_t>(static_cast<double>(width) * ratio) < hidden) {
    ratio = std::nextafter(ratio, std::numeric_limits<double>::infinity());
  }
  return ratio;
}

// Of which floor(size / fraction) is `resized`.
double CropFraction(int size, int resized) {
  double fraction = static_cast<double>(size) / resized;
  while (std::floor(size / fraction) < resized) fraction = std::nextafter(fraction, 0.0);
  return fraction;
}

std::string_view ActivationName(ModelConfig::Activation activation) {
  switch (activation) {
    case ModelConfig::GELU:
      return "gelu";
    case ModelConfig::GELU_TANH:
      return "gelu_tanh";
    case ModelConfig::QUICK_GELU:
      return "quick_gelu";
    case ModelConfig::SWIGLU:
      break;  // the architecture's own
  }
  return "";
}

SortedJson ModelArguments(const ModelConfig& config) {
  const bool is_gated = config.activation() == ModelConfig::SWIGLU;
  SortedJson arguments;
  arguments["img_size"] = {config.image_size(), ImageWidth(config)};
  arguments["patch_size"] = config.patch_size();
  arguments["in_chans"] = config.channels();
  arguments["embed_dim"] = config.width();
  arguments["depth"] = config.depth();
  arguments["num_heads"] = config.heads();
  arguments["mlp_ratio"] = MlpRatio((is_gated ? 2 : 1) * MlpWidth(config), config.width());
  arguments["qkv_bias"] = config.qkv_bias();
  arguments["qk_norm"] = config.query_key_norm() == ModelConfig::LAYER_NORM;
  arguments["class_token"] = HasClassToken(config);
  arguments["reg_tokens"] = config.register_tokens();
  arguments["no_embed_class"] = !TimmPrefixHasPositions(config);
  arguments["pre_norm"] = config.embedding_norm();
  arguments["global_pool"] = config.pooling() == ModelConfig::MEAN ? "avg" : "token";
  arguments["fc_norm"] =
      config.pooling() == ModelConfig::MEAN && config.pooling_norm() == ModelConfig::AFTER_MEAN;
  if (config.layer_scale() > 0) arguments["init_values"] = Decimal(config.layer_scale());
  if (!is_gated) arguments["act_layer"] = ActivationName(config.activation());
  return arguments;
}

SortedJson PretrainedConfig(const ModelConfig& config, const Preprocessing& steps,
                            std::vector<std::string>* notes) {
  // One for both sides, which may each have been rounded.
  const double fraction = std::min(CropFraction(steps.size.height, steps.resized.height),
                                   CropFraction(steps.size.width, steps.resized.width));
  const double width = std::floor(steps.size.width / fraction);
  const double height = std::floor(steps.size.height / fraction);
  if (width != steps.resized.width || height != steps.resized.height) {
    notes->push_back(absl::StrCat("data.evaluation_transforms: pictures are resized to ", width,
                                  " x ", height, " pixels there, and to ", steps.resized.width,
                                  " x ", steps.resized.height, " here"));
  }
  SortedJson pretrained;
  pretrained["input_size"] = {config.channels(), steps.size.height, steps.size.width};
  pretrained["fixed_input_size"] = true;
  pretrained["mean"] = steps.mean;
  pretrained["std"] = steps.std;
  pretrained["interpolation"] = steps.filter == BICUBIC ? "bicubic" : "bilinear";
  pretrained["crop_pct"] = fraction;
  pretrained["crop_mode"] = steps.keeps_shape ? "center" : "squash";
  pretrained["first_conv"] = "patch_embed.proj";
  pretrained["classifier"] = "head";
  if (config.distillation_token()) {
    pretrained["classifier"] = SortedJson::array({"head", "head_dist"});
  }
  return pretrained;
}

}  // namespace

absl::StatusOr<ExportedFolder> TimmFolder(const SavedWeights& saved) {
  const ExperimentConfig& experiment = saved.manifest.config();
  const ModelConfig& config = experiment.model();
  RETURN_IF_ERROR(CheckHolds(Format::kTimm, experiment));
  ASSIGN_OR_RETURN(const std::vector<std::string> classes, ClassNamesOf(saved.manifest));
  ASSIGN_OR_RETURN(const Preprocessing steps, PreprocessingOf(experiment));
  ASSIGN_OR_RETURN(ForeignModel model, ToTimm(config, saved.tensors, !classes.empty()));
  ExportedFolder folder{
      .tensors = std::move(model.tensors), .files = {}, .notes = std::move(model.notes)};
  const std::vector<std::string> notes = PreprocessingNotes(steps, /*round_down=*/false);
  folder.notes.insert(folder.notes.end(), notes.begin(), notes.end());
  SortedJson& json = folder.files["config.json"];
  json["architecture"] = ArchitectureOf(config);
  json["num_classes"] = classes.size();
  json["num_features"] = config.width();
  json["model_args"] = ModelArguments(config);
  json["global_pool"] = json["model_args"]["global_pool"];
  json["pretrained_cfg"] = PretrainedConfig(config, steps, &folder.notes);
  json["pretrained_cfg"]["num_classes"] = classes.size();
  if (!classes.empty()) json["label_names"] = classes;
  return folder;
}

absl::Status ExportTimm(const SavedWeights& saved, const std::filesystem::path& output,
                        std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(const ExportedFolder folder, TimmFolder(saved));
  notes->insert(notes->end(), folder.notes.begin(), folder.notes.end());
  return WriteExportedFolder(output, folder);
}

}  // namespace vitrine
