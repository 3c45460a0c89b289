// A model as timm keeps it, for timm.create_model("local-dir:FOLDER", pretrained=True):
// model.safetensors, and config.json with the architecture, the classes and the preprocessing.

#ifndef EVAL_FORMATS_TIMM_H_
#define EVAL_FORMATS_TIMM_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/formats/exported_folder.h"
#include "eval/weights.h"

namespace vitrine {

// Errors are those of CheckHolds.
absl::StatusOr<ExportedFolder> TimmFolder(const SavedWeights& saved);

// Writes it to `output`, which must not be there, and adds its notes.
absl::Status ExportTimm(const SavedWeights& saved, const std::filesystem::path& output,
                        std::vector<std::string>* notes);

}  // namespace vitrine

#endif  // EVAL_FORMATS_TIMM_H_
