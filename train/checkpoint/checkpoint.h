// Checkpoints: a folder NNNNNNNNN (updates completed, nine digits) of safetensors files and a
// manifest that holds each file's size and checksum. It is written under a name that begins with a
// dot, synced and renamed, so it is there whole or not at all; reading verifies every byte.
//
//   RETURN_IF_ERROR(WriteCheckpoint(run / "checkpoints", checkpoint));
//   ASSIGN_OR_RETURN(const auto path, FindCheckpoint(run));   // the newest of a run
//   ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadCheckpoint(path));

#ifndef TRAIN_CHECKPOINT_CHECKPOINT_H_
#define TRAIN_CHECKPOINT_CHECKPOINT_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "train/checkpoint/checkpoint.pb.h"

namespace vitrine {

struct Checkpoint {
  CheckpointManifest manifest;  // `files` and `crc32c` are filled by WriteCheckpoint
  TensorMap model;
  std::optional<TensorMap> optimizer;  // absent: to evaluate, not to resume
  std::optional<TensorMap> ema;        // where the run keeps a moving average
  std::optional<TensorMap> swa;  // where it averages: float64 sums of manifest.swa_count weights
};

// Writes folder/NNNNNNNNN, replacing a damaged one of that name.
absl::Status WriteCheckpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

// The same under any name.
absl::Status WriteCheckpointAs(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Reads and verifies. An error names the file that is missing, damaged, or of another checkpoint.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::filesystem::path& path);

// The manifest alone, whose checksum is verified.
absl::StatusOr<CheckpointManifest> ReadManifest(const std::filesystem::path& path);

// The manifest and the model alone, which are a third of what most checkpoints are.
absl::StatusOr<Checkpoint> ReadModelOnly(const std::filesystem::path& path);

// The checkpoints in a folder, oldest first, by name alone; none if there is no folder, and an
// error if it can't be read.
absl::StatusOr<std::vector<std::filesystem::path>> ListCheckpoints(
    const std::filesystem::path& folder);

// A checkpoint's own path, or the newest checkpoint of a run folder; one that ends in its name.
absl::StatusOr<std::filesystem::path> FindCheckpoint(const std::filesystem::path& path);

// The newest checkpoint that is whole; damaged ones are passed over with a warning that names them.
// One that cannot be read for another reason is an error: the run would go on from an older one and
// replace it.
absl::StatusOr<Checkpoint> ReadNewestWhole(const std::filesystem::path& folder);

// Removes what a killed process left half-written, and the checkpoints that the config does not
// keep. `best` is the iteration that `keep_best` keeps.
absl::Status SweepCheckpoints(const std::filesystem::path& folder, const CheckpointConfig& config,
                              std::optional<int64_t> best);

// The name of the folder for so many updates.
std::string CheckpointName(int64_t iteration);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_CHECKPOINT_H_
