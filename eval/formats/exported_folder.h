// A model as other packages keep it: a folder of weights and of what describes them.

#ifndef EVAL_FORMATS_EXPORTED_FOLDER_H_
#define EVAL_FORMATS_EXPORTED_FOLDER_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/json.h"
#include "base/tensors/tensor_map.h"
#include "train/checkpoint/checkpoint.pb.h"

namespace vitrine {

struct ExportedFolder {
  TensorMap tensors;                        // model.safetensors
  std::map<std::string, SortedJson> files;  // the others, by their names
  std::vector<std::string> notes;           // a line each: what is not quite as here
};

// There whole or not at all; AlreadyExists if the path is taken.
absl::Status WriteExportedFolder(const std::filesystem::path& path, const ExportedFolder& folder);

// One for each class of the model, none where it has no head, or DataLoss.
absl::StatusOr<std::vector<std::string>> ClassNamesOf(const CheckpointManifest& manifest);

}  // namespace vitrine

#endif  // EVAL_FORMATS_EXPORTED_FOLDER_H_
