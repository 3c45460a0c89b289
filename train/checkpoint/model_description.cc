#include "train/checkpoint/model_description.h"

#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_macros.h"
#include "train/checkpoint/json_fields.h"
#include "train/checkpoint/timm_model.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr double kMostPixels = 1 << 24;  // of a side

// The pictures' way to the model.
struct Preprocessing {
  double crop_fraction = 1;
  bool stretch = false;
  Interpolation filter = BILINEAR;
  bool round_down = false;  // places of crops
};

void SetPreprocessing(const Preprocessing& steps, DataConfig* data) {
  data->clear_evaluation_transforms();
  auto* transform = data->add_evaluation_transforms()->mutable_resize_and_center_crop();
  transform->set_crop_fraction(steps.crop_fraction);
  transform->set_filter(steps.filter);
  transform->set_stretch(steps.stretch);
  transform->set_decode_whole(true);
  transform->set_round_down(steps.round_down);
}

void SetNormalization(const std::vector<double>& mean, const std::vector<double>& deviation,
                      DataConfig* data) {
  data->clear_mean();
  data->clear_std();
  for (const double value : mean) data->add_mean(static_cast<float>(value));
  for (const double value : deviation) data->add_std(static_cast<float>(value));
}

void TakeActivation(const char* field, JsonFields* fields, ModelConfig* model) {
  const std::optional<std::string> name = fields->String(field);
  if (!name) return;
  if (*name == "gelu") {
    model->set_activation(ModelConfig::GELU);
  } else if (*name == "quick_gelu") {
    model->set_activation(ModelConfig::QUICK_GELU);
  } else if (*name == "gelu_new" || *name == "gelu_pytorch_tanh" || *name == "gelu_tanh") {
    model->set_activation(ModelConfig::GELU_TANH);
  } else {
    fields->Refuse(field, absl::StrCat(*name, " is none of gelu, quick_gelu, gelu_new, gelu_tanh"));
  }
}

// {"0": "cat", "1": "dog"} in the order of the numbers.
std::vector<std::string> ClassNames(JsonFields* fields) {
  static constexpr char kField[] = "id2label";
  if (!fields->Has(kField)) return {};
  const SortedJson& labels = fields->Get(kField);
  std::vector<std::string> names(labels.is_object() ? labels.size() : 0);
  bool good = labels.is_object();
  if (good) {
    for (const auto& [key, name] : labels.items()) {
      size_t index = 0;
      good = good && absl::SimpleAtoi(key, &index) && index < names.size() && name.is_string() &&
             names[index].empty();
      if (good) names[index] = name.get<std::string>();
    }
  }
  if (good) return names;
  fields->Refuse(kField, "does not name the classes from 0 on");
  return {};
}

bool IsSide(double pixels) { return pixels >= 1 && pixels <= kMostPixels; }

void SetImageSize(double height, double width, ModelConfig* model) {
  model->set_image_size(static_cast<int>(height));
  if (width != height) model->set_image_width(static_cast<int>(width));
}

// A number, or [height, width].
void TakeImageSize(const char* field, JsonFields* fields, ModelConfig* model) {
  if (!fields->Has(field)) return;
  if (!fields->Get(field).is_array()) {
    if (const auto side = fields->Positive(field)) model->set_image_size(*side);
    return;
  }
  const std::vector<double> sides = fields->Numbers(field);
  if (sides.size() == 2 && IsSide(sides[0]) && IsSide(sides[1])) {
    SetImageSize(sides[0], sides[1], model);
  } else {
    fields->Refuse(field, "is neither a side nor height and width");
  }
}

void AddTransformersDescription(JsonFields* fields, ModelDescription* description) {
  ModelConfig& model = description->model;
  const auto type = fields->String("model_type").value_or("");
  if (type != "vit" && type != "deit" && !absl::StartsWith(type, "dinov2")) {
    fields->Refuse("model_type",
                   absl::StrCat(type, " is none of vit, deit, dinov2, dinov2_with_registers"));
  }
  if (const auto heads = fields->Positive("num_attention_heads")) model.set_heads(*heads);
  if (const auto channels = fields->Positive("num_channels")) model.set_channels(*channels);
  if (const auto epsilon = fields->Number("layer_norm_eps")) {
    model.set_layer_norm_epsilon(*epsilon);
  }
  const bool is_gated = fields->Bool("use_swiglu_ffn").value_or(false);
  if (!is_gated) TakeActivation("hidden_act", fields, &model);
  TakeImageSize("image_size", fields, &model);
  description->class_names = ClassNames(fields);
}

std::optional<Interpolation> FilterNamed(std::string_view name) {
  if (name == "bilinear") return BILINEAR;
  if (name == "bicubic") return BICUBIC;
  return std::nullopt;
}

void AddTimmDescription(JsonFields* fields, ModelDescription* description) {
  ModelConfig& model = description->model;
  AddTimmModel(fields, &model);
  JsonFields arguments = fields->In("model_args");
  TakeImageSize("img_size", &arguments, &model);
  if (fields->Has("label_names") && fields->Get("label_names").is_array()) {
    for (const SortedJson& name : fields->Get("label_names")) {
      description->class_names.push_back(name.is_string() ? name.get<std::string>() : "");
    }
  }
  JsonFields pretrained = fields->In("pretrained_cfg");
  SetNormalization(pretrained.Numbers("mean"), pretrained.Numbers("std"), &description->data);
  const std::vector<double> size = pretrained.Numbers("input_size");  // channels, height, width
  if (size.size() != 3 || !IsSide(size[1]) || !IsSide(size[2])) return;
  const double fraction = pretrained.Number("crop_pct").value_or(0.875);
  if (!(fraction > 0 && fraction <= 1)) {
    pretrained.Refuse("crop_pct", "is not from 0 to 1");
    return;
  }
  if (size[1] != size[2]) SetImageSize(size[1], size[2], &model);
  description->resizes_to_floor = true;
  const std::string name = pretrained.String("interpolation").value_or("bilinear");
  const std::optional<Interpolation> filter = FilterNamed(name);
  if (!filter) {
    description->notes.push_back(absl::StrCat(fields->name(), ": interpolation: ", name,
                                              " is not known here; bilinear is used"));
  }
  const std::string mode = pretrained.String("crop_mode").value_or("center");
  if (mode != "center" && mode != "squash") {
    description->notes.push_back(
        absl::StrCat(fields->name(), ": crop_mode: ", mode, " is not known here; center is used"));
  }
  SetPreprocessing(
      {.crop_fraction = fraction, .stretch = mode == "squash", .filter = filter.value_or(BILINEAR)},
      &description->data);
}

// {"height": H, "width": W}, {"shortest_edge": S}, or a number.
struct Length {
  int height, width;  // S twice, where only the shorter side is given
  bool both;
};

std::optional<Length> ReadLength(JsonFields* fields, const char* field, bool number_is_both) {
  if (!fields->Has(field)) return std::nullopt;
  if (fields->Get(field).is_number()) {
    const auto side = fields->Positive(field);
    return side ? std::optional(Length{*side, *side, number_is_both}) : std::nullopt;
  }
  JsonFields parts = fields->In(field);
  if (const auto side = parts.Positive("shortest_edge")) return Length{*side, *side, false};
  const auto height = parts.Positive("height"), width = parts.Positive("width");
  if (height && width) return Length{*height, *width, true};
  return fields->Refuse(field, "has no shortest_edge, nor height and width");
}

// What transformers' classes do where their file does not say it.
struct Processor {
  std::string_view name;  // and more
  Length size;
  std::optional<Length> crop;
  Interpolation filter;
};

constexpr Processor kProcessors[] = {
    {"ViT", {224, 224, true}, std::nullopt, BILINEAR},
    {"DeiT", {256, 256, true}, Length{224, 224, true}, BICUBIC},
    {"BitImageProcessor", {224, 224, false}, Length{224, 224, true}, BICUBIC},
    {"CLIP", {224, 224, false}, Length{224, 224, true}, BICUBIC},
};

const Processor& ProcessorOf(JsonFields* fields, ModelDescription* description) {
  const std::string older = fields->String("feature_extractor_type").value_or("");
  const std::string name = fields->String("image_processor_type").value_or(older);
  for (const Processor& processor : kProcessors) {
    if (absl::StartsWith(name, processor.name)) return processor;
  }
  if (!name.empty()) {
    description->notes.push_back(
        absl::StrCat(fields->name(), ": image_processor_type: ", absl::Utf8SafeCHexEscape(name),
                     " is not known here; it is read as ViT's"));
  }
  return kProcessors[0];
}

// Pillow's numbers.
Interpolation ReadFilter(JsonFields* fields, Interpolation usual, ModelDescription* description) {
  constexpr int kBilinear = 2, kBicubic = 3;
  const auto number = fields->Number("resample");
  if (!number) return usual;
  if (*number != kBilinear && *number != kBicubic) {
    description->notes.push_back(absl::StrCat(fields->name(), ": resample: ", *number,
                                              " is not known here; bilinear is used"));
  }
  return *number == kBicubic ? BICUBIC : BILINEAR;
}

void AddNormalization(JsonFields* fields, DataConfig* data) {
  std::vector<double> mean = fields->Numbers("image_mean"),
                      deviation = fields->Numbers("image_std");
  if (!fields->Bool("do_normalize").value_or(true)) {
    mean.assign(mean.empty() ? 3 : mean.size(), 0);
    deviation.assign(mean.size(), 1);
  }
  SetNormalization(mean, deviation, data);
  const double factor = fields->Number("rescale_factor").value_or(1.0 / 255);
  if (std::abs(factor * 255 - 1) > 1e-3 || !fields->Bool("do_rescale").value_or(true)) {
    fields->Refuse("rescale_factor", "is not 1/255, or not used; ours always is");
  }
}

// Of a processor that resizes nothing, so that pictures of other sizes are no input of the model.
void AddNoResizing(JsonFields* fields, ModelDescription* description) {
  description->notes.push_back(
      absl::StrCat(fields->name(),
                   ": do_resize: is false; pictures of another size than the model's are resized "
                   "all the same, to all of it"));
  SetPreprocessing({.stretch = true}, &description->data);
}

void AddResizing(JsonFields* fields, ModelDescription* description) {
  if (!fields->Bool("do_resize").value_or(true)) return AddNoResizing(fields, description);
  const Processor& usual = ProcessorOf(fields, description);
  const std::optional<Length> given = ReadLength(fields, "size", usual.size.both);
  const std::optional<Length> crop = ReadLength(fields, "crop_size", /*number_is_both=*/true);
  const Interpolation filter = ReadFilter(fields, usual.filter, description);
  const bool crops =
      fields->Bool("do_center_crop").value_or(crop.has_value() || usual.crop.has_value());
  const bool is_told = given.has_value() || crop.has_value();
  if (!fields->status().ok()) return;
  const Length size = given.value_or(usual.size);
  if (!given) {
    description->notes.push_back(absl::StrCat(fields->name(), ": size: is not there; taken to be ",
                                              size.height, ", as usual for ", usual.name));
  }
  const Length kept = crops ? crop.value_or(usual.crop.value_or(size)) : size;
  if (kept.height > size.height ||
      int64_t{kept.height} * size.width != int64_t{kept.width} * size.height) {
    fields->Refuse("crop_size",
                   absl::StrCat(kept.height, " x ", kept.width,
                                " is larger than size, or another share of height than of width"));
    return;
  }
  SetPreprocessing({.crop_fraction = static_cast<double>(kept.height) / size.height,
                    .stretch = size.both,
                    .filter = filter,
                    .round_down = true},
                   &description->data);
  description->resizes_to_floor = false;
  if (is_told && (crops || kept.both))
    description->input = {.width = kept.width, .height = kept.height};
}

// Where there is one.
absl::Status AddFile(const fs::path& path,
                     absl::Status (*add)(std::string_view, std::string_view, ModelDescription*),
                     ModelDescription* description) {
  if (!Exists(path)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  return add(json, path.string(), description);
}

}  // namespace

absl::Status AddModelConfig(std::string_view json, std::string_view name,
                            ModelDescription* description) {
  ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Parse(json, name));
  fields.Has("architecture") ? AddTimmDescription(&fields, description)
                             : AddTransformersDescription(&fields, description);
  return fields.status();
}

absl::Status AddPreprocessorConfig(std::string_view json, std::string_view name,
                                   ModelDescription* description) {
  ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Parse(json, name));
  AddNormalization(&fields, &description->data);
  AddResizing(&fields, description);
  return fields.status();
}

absl::StatusOr<ModelDescription> ReadModelDescription(const fs::path& folder) {
  ModelDescription description;
  RETURN_IF_ERROR(AddFile(folder / "config.json", AddModelConfig, &description));
  RETURN_IF_ERROR(
      AddFile(folder / "preprocessor_config.json", AddPreprocessorConfig, &description));
  return description;
}

}  // namespace vitrine
