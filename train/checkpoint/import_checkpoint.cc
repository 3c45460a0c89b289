#include "train/checkpoint/import_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/problems.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/validate.h"
#include "train/checkpoint/model_description.h"
#include "train/checkpoint/weight_files.h"
#include "train/settings/loader_spec.h"
#include "vit/adapt.h"
#include "vit/import/import_model.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

fs::path FolderOf(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? path : path.parent_path();
}

// Those of the description, or numbers.
void NameClasses(std::vector<std::string> names, ImportedCheckpoint* imported) {
  CheckpointManifest& manifest = imported->checkpoint.manifest;
  const int classes = manifest.config().model().num_classes();
  if (static_cast<int>(names.size()) != classes) {
    imported->notes.push_back(names.empty()
                                  ? absl::StrCat("classes: have no names, so they are numbers")
                                  : absl::StrCat("classes: there are ", names.size(),
                                                 " names, but the head has ", classes,
                                                 ", so they are numbers"));
    names.clear();
    manifest.set_classes_are_nameless(true);
    for (int i = 0; i < classes; ++i) names.push_back(absl::StrCat(i));
  }
  for (std::string& name : names) manifest.add_class_names(std::move(name));
}

// Where round(side / fraction) is floor(side / crop_fraction), of the shorter side.
double FractionToFloor(double crop_fraction, Size size) {
  const int side = std::min(size.width, size.height);
  return side / std::floor(side / crop_fraction);
}

DataConfig DataOf(const DataConfig& given, const ModelDescription& description, Size size,
                  std::vector<std::string>* notes) {
  DataConfig data = given;
  if (!data.has_source()) data.set_source(DataConfig::IMAGE_FOLDER);
  const bool is_given = given.mean_size() > 0 || given.has_normalization();
  if (!is_given && description.data.mean_size() + description.data.std_size() > 0) {
    *data.mutable_mean() = description.data.mean();
    *data.mutable_std() = description.data.std();
  } else if (!is_given) {
    notes->push_back(absl::StrCat(
        "data.normalization: taken to be ", DataConfig::Normalization_Name(data.normalization()),
        ", since nothing says which mean and std the model was trained with"));
  }
  if (given.evaluation_transforms_size() > 0) return data;
  if (description.data.evaluation_transforms_size() > 0) {
    *data.mutable_evaluation_transforms() = description.data.evaluation_transforms();
    auto* crop = data.mutable_evaluation_transforms(0)->mutable_resize_and_center_crop();
    if (description.resizes_to_floor) {
      crop->set_crop_fraction(FractionToFloor(crop->crop_fraction(), size));
    }
  } else {
    auto* crop = data.add_evaluation_transforms()->mutable_resize_and_center_crop();
    crop->set_filter(BICUBIC);
    crop->set_decode_whole(true);
    notes->push_back(absl::StrCat("data.evaluation_transforms: taken to be a crop of ",
                                  crop->crop_fraction(), ", bicubic, since nothing says another"));
  }
  return data;
}

absl::Status CheckNormalization(const ExperimentConfig& config) {
  absl::Status status = ProblemsError(DataConfigProblems(config.data()));
  if (status.ok())
    status = Normalization::Create(config.data(), config.model().channels()).status();
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(status.message(),
                   "; give others to //train:import, as in data.mean=[0.5,0.5,0.5] "
                   "data.std=[0.5,0.5,0.5]"));
}

// Clears the size of images in the config, and returns it; nothing where it has none.
std::optional<Size> ExtractSize(ModelConfig* config) {
  if (!config->has_image_size()) return std::nullopt;
  const Size size = ImageShapeOf(*config).size;
  config->clear_image_size();
  config->clear_image_width();
  return size;
}

void SetSize(Size size, ModelConfig* config) {
  config->set_image_size(size.height);
  config->clear_image_width();
  if (size.width != size.height) config->set_image_width(size.width);
}

// Of the size that its positions are of, which may tell two models apart.
absl::StatusOr<ImportedModel> ImportUnresized(const TensorMap& tensors, ModelConfig known,
                                              const std::optional<Size>& wished) {
  const absl::StatusOr<ImportedModel> model = ImportModel(tensors, known);
  if (model.ok() || !wished || known.has_image_size()) return model;
  SetSize(*wished, &known);
  return ImportModel(tensors, known);
}

absl::Status ResizePositions(Size size, ImportedModel* model) {
  ModelConfig config = model->config;
  SetSize(size, &config);
  ASSIGN_OR_RETURN(const auto resized, VisionTransformer::CreateShapesOnly(config));
  ASSIGN_OR_RETURN(Adaptation adapted, AdaptTensors(model->config, model->tensors, resized));
  model->config = std::move(config);
  model->tensors = std::move(adapted.tensors);
  model->notes.insert(model->notes.end(), adapted.changes.begin(), adapted.changes.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportedCheckpoint> ImportCheckpoint(const fs::path& path,
                                                    const ExperimentConfig& given, Given order) {
  ASSIGN_OR_RETURN(const TensorMap tensors, ReadWeightFiles(path));
  if (tensors.count("patch_embedding.projection.weight") > 0) {
    return absl::DataLossError(
        absl::StrCat(path.string(),
                     ": tensors of //train without the manifest.pb of their checkpoint; give the "
                     "whole folder"));
  }
  ASSIGN_OR_RETURN(ModelDescription description, ReadModelDescription(FolderOf(path)));
  ModelConfig wishes = given.model();
  const std::optional<Size> given_size = ExtractSize(&wishes);
  const std::optional<Size> size = given_size ? given_size : description.input;
  if (order == Given::kAfterFiles) wishes.MergeFrom(description.model);
  description.model.MergeFrom(wishes);
  ASSIGN_OR_RETURN(ImportedModel model,
                   Annotate(ImportUnresized(tensors, description.model, size), path.string()));
  if (size) RETURN_IF_ERROR(Annotate(ResizePositions(*size, &model), path.string()));
  ImportedCheckpoint imported{.checkpoint = {}, .notes = std::move(model.notes)};
  imported.notes.insert(imported.notes.end(), description.notes.begin(), description.notes.end());
  CheckpointManifest& manifest = imported.checkpoint.manifest;
  manifest.set_iteration(0);
  ExperimentConfig& config = *manifest.mutable_config();
  config.set_name(path.stem().string());
  *config.mutable_model() = std::move(model.config);
  *config.mutable_data() =
      DataOf(given.data(), description, ImageShapeOf(config.model()).size, &imported.notes);
  RETURN_IF_ERROR(Annotate(CheckNormalization(config), path.string()));
  imported.checkpoint.model = std::move(model.tensors);
  NameClasses(std::move(description.class_names), &imported);
  return imported;
}

}  // namespace vitrine
