// A model as transformers keeps it, for AutoModelForImageClassification.from_pretrained(FOLDER) and
// AutoImageProcessor.from_pretrained(FOLDER): model.safetensors, config.json and
// preprocessor_config.json. Versions 4.57 and 5 read it.

#ifndef EVAL_FORMATS_TRANSFORMERS_H_
#define EVAL_FORMATS_TRANSFORMERS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/formats/exported_folder.h"
#include "eval/weights.h"

namespace vitrine {

// Errors are those of CheckHolds.
absl::StatusOr<ExportedFolder> TransformersFolder(const SavedWeights& saved);

// Writes it to `output`, which must not be there, and adds its notes.
absl::Status ExportTransformers(const SavedWeights& saved, const std::filesystem::path& output,
                                std::vector<std::string>* notes);

}  // namespace vitrine

#endif  // EVAL_FORMATS_TRANSFORMERS_H_
