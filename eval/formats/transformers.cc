#include "eval/formats/transformers.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/formats/formats.h"
#include "eval/formats/preprocessing.h"
#include "vit/config.h"
#include "vit/export/transformers_model.h"

namespace vitrine {
namespace {

// Pillow's numbers.
constexpr int kBilinear = 2, kBicubic = 3;

struct ClassNames {
  std::string_view model_type, architecture, without_heads;
};

ClassNames NamesOf(TransformersClass kind) {
  switch (kind) {
    case TransformersClass::kVit:
      return {"vit", "ViTForImageClassification", "ViTModel"};
    case TransformersClass::kDeit:
      return {"deit", "DeiTForImageClassification", "DeiTModel"};
    case TransformersClass::kDeitWithTeacher:
      return {"deit", "DeiTForImageClassificationWithTeacher", "DeiTModel"};
    case TransformersClass::kDinov2:
      return {"dinov2", "Dinov2ForImageClassification", "Dinov2Model"};
    case TransformersClass::kDinov2WithRegisters:
      return {"dinov2_with_registers", "Dinov2WithRegistersForImageClassification",
              "Dinov2WithRegistersModel"};
  }
  return {};
}

std::string_view ActivationName(ModelConfig::Activation activation) {
  switch (activation) {
    case ModelConfig::GELU:
    case ModelConfig::SWIGLU:  // has another field
      return "gelu";
    case ModelConfig::GELU_TANH:
      return "gelu_pytorch_tanh";
    case ModelConfig::QUICK_GELU:
      return "quick_gelu";
  }
  return "";
}

void AddDinov2(const ModelConfig& config, SortedJson* json) {
  SortedJson& fields = *json;
  fields["mlp_ratio"] = *Dinov2MlpRatio(config);
  fields["use_swiglu_ffn"] = config.activation() == ModelConfig::SWIGLU;
  fields["layerscale_value"] = config.layer_scale() > 0 ? Decimal(config.layer_scale()) : 1.0;
  if (config.register_tokens() > 0) fields["num_register_tokens"] = config.register_tokens();
}

void AddClasses(const std::vector<std::string>& classes, SortedJson* json) {
  SortedJson names = SortedJson::object(), numbers = SortedJson::object();
  for (size_t i = 0; i < classes.size(); ++i) {
    names[absl::StrCat(i)] = classes[i];
    numbers[classes[i]] = i;
  }
  (*json)["id2label"] = std::move(names);
  (*json)["label2id"] = std::move(numbers);
}

SortedJson ConfigJson(const ModelConfig& config, TransformersClass kind) {
  const bool is_square = ImageWidth(config) == config.image_size();
  SortedJson json;
  json["architectures"] = SortedJson::array({NamesOf(kind).architecture});
  json["model_type"] = NamesOf(kind).model_type;
  json["dtype"] = "float32";
  json["hidden_size"] = config.width();
  json["num_hidden_layers"] = config.depth();
  json["num_attention_heads"] = config.heads();
  json["hidden_act"] = ActivationName(config.activation());
  json["layer_norm_eps"] = config.layer_norm_epsilon();
  json["image_size"] = config.image_size();
  if (!is_square) json["image_size"] = {config.image_size(), ImageWidth(config)};
  json["patch_size"] = config.patch_size();
  json["num_channels"] = config.channels();
  json["qkv_bias"] = config.qkv_bias();
  // Dropout is of training, which begins with none there.
  json["hidden_dropout_prob"] = 0.0;
  json["attention_probs_dropout_prob"] = 0.0;
  if (kind == TransformersClass::kDinov2 || kind == TransformersClass::kDinov2WithRegisters) {
    AddDinov2(config, &json);
  } else {
    json["intermediate_size"] = MlpWidth(config);
  }
  return json;
}

SortedJson Sides(Size size) {
  SortedJson json;
  json["height"] = size.height;
  json["width"] = size.width;
  return json;
}

SortedJson ProcessorJson(const Preprocessing& steps) {
  SortedJson json;
  json["do_convert_rgb"] = steps.channels == 3;
  json["do_resize"] = true;
  json["resample"] = steps.filter == BICUBIC ? kBicubic : kBilinear;
  json["do_rescale"] = true;
  json["rescale_factor"] = 1.0 / 255;
  json["do_normalize"] = true;
  json["image_mean"] = steps.mean;
  json["image_std"] = steps.std;
  if (!steps.keeps_shape && steps.resized == steps.size) {
    json["image_processor_type"] = "ViTImageProcessor";
    json["size"] = Sides(steps.size);
    return json;
  }
  json["image_processor_type"] = steps.keeps_shape ? "BitImageProcessor" : "DeiTImageProcessor";
  json["size"] = Sides(steps.resized);
  if (steps.keeps_shape) json["size"] = {{"shortest_edge", steps.resized.height}};
  json["do_center_crop"] = true;
  json["crop_size"] = Sides(steps.size);
  return json;
}

}  // namespace

absl::StatusOr<ExportedFolder> TransformersFolder(const SavedWeights& saved) {
  const ExperimentConfig& experiment = saved.manifest.config();
  const ModelConfig& config = experiment.model();
  RETURN_IF_ERROR(CheckHolds(Format::kHuggingface, experiment));
  ASSIGN_OR_RETURN(const std::vector<std::string> classes, ClassNamesOf(saved.manifest));
  const bool has_head = !classes.empty();
  ASSIGN_OR_RETURN(const Preprocessing steps, PreprocessingOf(experiment));
  ASSIGN_OR_RETURN(const TransformersClass kind, TransformersClassOf(config));
  ASSIGN_OR_RETURN(ForeignModel model, ToTransformers(config, saved.tensors, has_head));
  ExportedFolder folder{
      .tensors = std::move(model.tensors), .files = {}, .notes = std::move(model.notes)};
  const std::vector<std::string> notes = PreprocessingNotes(steps, /*round_down=*/true);
  folder.notes.insert(folder.notes.end(), notes.begin(), notes.end());
  if (steps.channels == 1) {
    folder.notes.push_back(
        "model.channels: 1; processors of transformers 4 take such pictures as arrays [height, "
        "width, 1]");
  }
  SortedJson& json = folder.files["config.json"];
  json = ConfigJson(config, kind);
  if (has_head) {
    AddClasses(classes, &json);
  } else {
    json["architectures"] = SortedJson::array({NamesOf(kind).without_heads});
    folder.notes.push_back("head: there is none here; load the folder by AutoModel");
  }
  folder.files["preprocessor_config.json"] = ProcessorJson(steps);
  return folder;
}

absl::Status ExportTransformers(const SavedWeights& saved, const std::filesystem::path& output,
                                std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(const ExportedFolder folder, TransformersFolder(saved));
  notes->insert(notes->end(), folder.notes.begin(), folder.notes.end());
  return WriteExportedFolder(output, folder);
}

}  // namespace vitrine
