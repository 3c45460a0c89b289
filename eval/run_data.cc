#include "eval/run_data.h"

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "data/older_config.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

bool GivesMinival(const Dataset& dataset) {
  const PartOrigins& origins = dataset.origins;
  return !origins.minival.empty() && origins.minival != origins.train;
}

absl::StatusOr<Dataset> LoadAsTheRun(const CheckpointManifest& manifest, const fs::path& data_dir) {
  DataConfig config = manifest.config().data();
  FillDefaultsOfOlder(&config);
  config.set_source(SourceIn(data_dir, config));
  const std::string& identity = manifest.data_identity();
  absl::StatusOr<Dataset> dataset = LoadDataset(config, data_dir);
  const bool is_sure =
      dataset.ok() && (!GivesMinival(*dataset) || DataIdentity(*dataset) == identity);
  if (is_sure || config.given_parts() == DataConfig::VAL_AS_TEST) return dataset;
  config.set_given_parts(DataConfig::VAL_AS_TEST);
  absl::StatusOr<Dataset> before = LoadDataset(config, data_dir);
  const bool is_the_runs = before.ok() && DataIdentity(*before) == identity;
  return is_the_runs ? std::move(before) : std::move(dataset);
}

}  // namespace

absl::StatusOr<Dataset> LoadRunData(const CheckpointManifest& manifest, const fs::path& data_dir) {
  ASSIGN_OR_RETURN(Dataset dataset, LoadAsTheRun(manifest, data_dir));
  for (const std::string& name : dataset.origins.unused) {
    LOG(WARNING) << "the run's test part is " << dataset.origins.test << "; not used: " << name;
  }
  return dataset;
}

}  // namespace vitrine
