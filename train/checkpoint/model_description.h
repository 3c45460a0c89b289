// What other packages write beside weights: transformers' config.json and preprocessor_config.json,
// and timm's config.json.

#ifndef TRAIN_CHECKPOINT_MODEL_DESCRIPTION_H_
#define TRAIN_CHECKPOINT_MODEL_DESCRIPTION_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/image/image.h"
#include "vit/model.pb.h"

namespace vitrine {

struct ModelDescription {
  ModelConfig model;                     // the fields that it gives
  std::vector<std::string> class_names;  // empty where it has none
  DataConfig data;                       // mean, std and evaluation_transforms, if it gives them
  std::optional<Size> input;             // what the processor makes of a picture
  bool resizes_to_floor = false;         // of image size / crop_fraction, where ours rounds
  std::vector<std::string> notes;        // what could not be followed, a line each
};

// Of the files in the folder; nothing where there is no config.json. Errors name file and field.
absl::StatusOr<ModelDescription> ReadModelDescription(const std::filesystem::path& folder);

// Adds what config.json says, and preprocessor_config.json; `name` stands in errors.
absl::Status AddModelConfig(std::string_view json, std::string_view name,
                            ModelDescription* description);
absl::Status AddPreprocessorConfig(std::string_view json, std::string_view name,
                                   ModelDescription* description);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_MODEL_DESCRIPTION_H_
