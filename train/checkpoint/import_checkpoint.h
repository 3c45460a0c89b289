// Weights of other packages as a checkpoint.

#ifndef TRAIN_CHECKPOINT_IMPORT_CHECKPOINT_H_
#define TRAIN_CHECKPOINT_IMPORT_CHECKPOINT_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/checkpoint/checkpoint.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

struct ImportedCheckpoint {
  Checkpoint checkpoint;           // to evaluate or to fine-tune, not to resume
  std::vector<std::string> notes;  // see ImportModel
};

// Whether what is given counts where the files say something else.
enum class Given { kBeforeFiles, kAfterFiles };

// Of what IsWeightFiles. `given` has fields of `model` and `data` that are not to be taken from the
// files, or that these do not say. Positions are resampled to another image_size, which is the one
// given, or that of the pictures that the processor makes.
absl::StatusOr<ImportedCheckpoint> ImportCheckpoint(const std::filesystem::path& path,
                                                    const ExperimentConfig& given,
                                                    Given order = Given::kBeforeFiles);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_IMPORT_CHECKPOINT_H_
