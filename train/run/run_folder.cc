#include "train/run/run_folder.h"

#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "train/settings/config.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "config.textproto";

// Whether nothing is there but the checkpoint that a run begins with, whole or half-written.
bool HoldsFirstCheckpointAtMost(const fs::path& checkpoints) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error)) {
    const std::string name = entry.path().filename();
    if (name != CheckpointName(0) && name != absl::StrCat(".", CheckpointName(0))) return false;
  }
  return !error;
}

// Whether nothing is there but what a process left that died before the config was written.
bool HoldsNothing(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const bool is_left = absl::StartsWith(name, absl::StrCat(".", kConfig, ".")) ||
                         (name == "checkpoints" && HoldsFirstCheckpointAtMost(entry.path()));
    if (!is_left) return false;
  }
  return !error;
}

}  // namespace

absl::StatusOr<RunFolder> RunFolder::Create(const fs::path& path, const ExperimentConfig& config,
                                            const std::optional<Checkpoint>& first) {
  ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(path));
  if (!HoldsNothing(path)) {
    const std::string_view what = Exists(path)
                                      ? "; go on with the run in it by --resume,"
                                      : ", and without a config.textproto no run to go on with;";
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": not empty", what, " take another --run_dir, or remove it"));
  }
  RunFolder folder(path, std::move(lock));
  RETURN_IF_ERROR(CreateFolder(folder.checkpoints()));
  if (first) RETURN_IF_ERROR(WriteCheckpoint(folder.checkpoints(), *first));
  RETURN_IF_ERROR(WriteAtomically(path / kConfig, ConfigText(config)));
  return folder;
}

absl::StatusOr<RunFolder> RunFolder::Resume(const fs::path& path, const ExperimentConfig& config) {
  ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(path));
  ASSIGN_OR_RETURN(const ExperimentConfig own, ReadConfig(path));
  const std::string differences = ResumeDifferences(own, config);
  if (!differences.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path.string(),
        ": cannot resume with another config (the run's -> the one given: ", differences,
        "); leave these fields out, or start a new run from its weights with --init_from=",
        path.string(), " and another --run_dir"));
  }
  RunFolder folder(path, std::move(lock));
  RETURN_IF_ERROR(CreateFolder(folder.checkpoints()));
  return folder;
}

bool RunFolder::Exists(const fs::path& path) { return vitrine::Exists(path / kConfig); }

absl::StatusOr<ExperimentConfig> RunFolder::ReadConfig(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path / kConfig));
  ASSIGN_OR_RETURN(ExperimentConfig config, ParseConfig(text, (path / kConfig).string()));
  FillDefaultsOfOlder(&config);
  return config;
}

}  // namespace vitrine
