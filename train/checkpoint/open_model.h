// A model that a user names, whoever trained it: a checkpoint, a run, or weights of another
// package.

#ifndef TRAIN_CHECKPOINT_OPEN_MODEL_H_
#define TRAIN_CHECKPOINT_OPEN_MODEL_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {

// As FindCheckpoint; weight files are found as they are.
absl::StatusOr<std::filesystem::path> FindModel(const std::filesystem::path& path);

// As ReadModelOnly, of what FindModel found. Says in the log what was made of weight files.
absl::StatusOr<Checkpoint> OpenModel(const std::filesystem::path& path);

// The model that a new run begins with.
struct InitialModel {
  std::filesystem::path path;  // what FindModel found
  Checkpoint checkpoint;
};

absl::StatusOr<InitialModel> OpenInitialModel(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_OPEN_MODEL_H_
