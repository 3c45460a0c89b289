// The folder that one run writes to: config.textproto, metrics.csv, validation.csv, TensorBoard's
// event files, run.json and checkpoints/.

#ifndef TRAIN_RUN_RUN_FOLDER_H_
#define TRAIN_RUN_RUN_FOLDER_H_

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/folder_lock.h"
#include "train/checkpoint/checkpoint.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

class RunFolder {
 public:
  // A new run's folder, made if absent. One that holds anything is refused: it belongs to another
  // run. `first`, where there is one, is the checkpoint that the run begins with; it is there
  // before the run counts as begun, so that no resumed run can miss it.
  static absl::StatusOr<RunFolder> Create(const std::filesystem::path& path,
                                          const ExperimentConfig& config,
                                          const std::optional<Checkpoint>& first = std::nullopt);

  // The folder of a run to go on with. A config that contradicts the run's own is refused, with the
  // fields that differ.
  static absl::StatusOr<RunFolder> Resume(const std::filesystem::path& path,
                                          const ExperimentConfig& config);

  // Whether a run began here: it has a config.
  static bool Exists(const std::filesystem::path& path);

  // The config of a run that began here, with the defaults of fields that are younger than it.
  static absl::StatusOr<ExperimentConfig> ReadConfig(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path validation() const { return path_ / "validation.csv"; }
  std::filesystem::path run_json() const { return path_ / "run.json"; }

 private:
  RunFolder(std::filesystem::path path, FolderLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  FolderLock lock_;  // two processes in one run would tear its files
};

}  // namespace vitrine

#endif  // TRAIN_RUN_RUN_FOLDER_H_
