#include "train/checkpoint/open_model.h"

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "glog/logging.h"
#include "train/checkpoint/import_checkpoint.h"
#include "train/checkpoint/weight_files.h"

namespace vitrine {

absl::StatusOr<std::filesystem::path> FindModel(const std::filesystem::path& path) {
  if (IsWeightFiles(path)) return path;
  return FindCheckpoint(path);
}

absl::StatusOr<Checkpoint> OpenModel(const std::filesystem::path& path) {
  if (!IsWeightFiles(path)) return ReadModelOnly(path);
  ASSIGN_OR_RETURN(ImportedCheckpoint imported, ImportCheckpoint(path, /*given=*/{}));
  for (const std::string& note : imported.notes) LOG(INFO) << path.string() << ": " << note;
  return std::move(imported.checkpoint);
}

absl::StatusOr<InitialModel> OpenInitialModel(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::filesystem::path found, FindModel(path));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, OpenModel(found));
  return InitialModel{found, std::move(checkpoint)};
}

}  // namespace vitrine
