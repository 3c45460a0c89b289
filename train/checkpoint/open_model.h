// A model that a user names, whoever trained it: a checkpoint, a run, or weights of another
// package.

#ifndef TRAIN_CHECKPOINT_OPEN_MODEL_H_
#define TRAIN_CHECKPOINT_OPEN_MODEL_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "train/checkpoint/checkpoint.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// As FindCheckpoint; weight files are found as they are.
absl::StatusOr<std::filesystem::path> FindModel(const std::filesystem::path& path);

// As ReadModelOnly, of what FindModel found. Says in the log what was made of weight files, of
// which `wished` gives what they do not say.
absl::StatusOr<Checkpoint> OpenModel(const std::filesystem::path& path,
                                     const ExperimentConfig& wished = {});

// The model that a new run begins with.
struct InitialModel {
  std::filesystem::path path;  // what FindModel found
  Checkpoint checkpoint;
};

// Of a run with this config, as far as its user wrote it.
absl::StatusOr<InitialModel> OpenInitialModel(const std::filesystem::path& path,
                                              const ExperimentConfig& config);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_OPEN_MODEL_H_
