#include "train/checkpoint/open_model.h"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "glog/logging.h"
#include "train/checkpoint/import_checkpoint.h"
#include "train/checkpoint/weight_files.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

ExperimentConfig WhatTensorsDoNotSay(const ExperimentConfig& config) {
  ExperimentConfig wished;
  const ModelConfig& from = config.model();
  ModelConfig& model = *wished.mutable_model();
  if (from.has_heads()) model.set_heads(from.heads());
  if (from.has_activation()) model.set_activation(from.activation());
  if (from.has_layer_norm_epsilon()) model.set_layer_norm_epsilon(from.layer_norm_epsilon());
  return wished;
}

// The first of the folder's files or folders, in order; with this ending where one is given.
std::optional<fs::path> FirstIn(const fs::path& folder, std::string_view ending) {
  std::optional<fs::path> first;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const bool fits = ending.empty() || entry->path().extension() == ending;
    if (fits && (!first || entry->path() < *first)) first = entry->path();
  }
  return first;
}

// Of what a user may have taken for a model.
absl::Status NoModel(const fs::path& path, const absl::Status& no_checkpoint) {
  const std::string name = path.string();
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    // Nor is the folder that it would be in, so that it may be a name of the hub.
    const fs::path owner = path.parent_path();
    const std::string hub_name = (owner.filename() / path.filename()).string();
    const bool may_be_of_hub = owner.has_filename() && !fs::exists(owner, ignored);
    return absl::NotFoundError(
        absl::StrCat(name, ": is not there",
                     may_be_of_hub ? absl::StrCat("; if ", hub_name,
                                                  " is a model of Hugging Face's hub, download "
                                                  "it: hf download ",
                                                  hub_name, " --local-dir FOLDER")
                                   : ""));
  }
  if (!fs::is_directory(path, ignored)) {
    return absl::NotFoundError(
        absl::StrCat(name, ": is no safetensors file; give the folder of a model, or its weights"));
  }
  // The folder of a model in the hub's cache has its versions there.
  std::optional<fs::path> inner = FirstIn(path / "snapshots", "");
  if (!inner) inner = FirstIn(path, ".safetensors");
  if (inner) {
    return absl::NotFoundError(
        absl::StrCat(name, ": has no model.safetensors; give ", inner->string()));
  }
  return absl::NotFoundError(
      absl::StrCat(no_checkpoint.message(), " nor weights (no model.safetensors)"));
}

}  // namespace

absl::StatusOr<fs::path> FindModel(const fs::path& path) {
  if (IsWeightFiles(path)) return path;
  absl::StatusOr<fs::path> found = FindCheckpoint(path);
  if (absl::IsNotFound(found.status())) return NoModel(path, found.status());
  return found;
}

absl::StatusOr<Checkpoint> OpenModel(const fs::path& path, const ExperimentConfig& wished) {
  if (!IsWeightFiles(path)) return ReadModelOnly(path);
  ASSIGN_OR_RETURN(ImportedCheckpoint imported, ImportCheckpoint(path, wished, Given::kAfterFiles));
  for (const std::string& note : imported.notes) LOG(INFO) << path.string() << ": " << note;
  return std::move(imported.checkpoint);
}

absl::StatusOr<InitialModel> OpenInitialModel(const fs::path& path,
                                              const ExperimentConfig& config) {
  ASSIGN_OR_RETURN(const fs::path found, FindModel(path));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, OpenModel(found, WhatTensorsDoNotSay(config)));
  return InitialModel{found, std::move(checkpoint)};
}

}  // namespace vitrine
