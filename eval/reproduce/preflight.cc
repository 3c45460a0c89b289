#include "eval/reproduce/preflight.h"

#include <map>
#include <string>

#include "base/status_macros.h"
#include "data/dataset.h"

namespace vitrine {

absl::Status MarkUnavailable(const ChildProgram& train, std::vector<PlannedRow>* rows) {
  for (PlannedRow& row : *rows) {
    if (row.row.has_not_run()) continue;
    // The runs of a row differ in their seeds alone.
    ASSIGN_OR_RETURN(const std::string missing, train.Missing(row.runs.front().arguments));
    if (!missing.empty()) row.row.set_not_run(missing);
  }
  return absl::OkStatus();
}

absl::Status MarkWithoutData(const std::filesystem::path& data_dir, std::vector<PlannedRow>* rows) {
  std::map<DataConfig::Source, absl::Status> loaded;
  for (PlannedRow& row : *rows) {
    if (row.row.has_not_run()) continue;
    const DataConfig::Source source = row.data;
    if (!loaded.contains(source)) {
      DataConfig config;
      config.set_source(source);
      loaded[source] = LoadDataset(config, data_dir).status();
    }
    const absl::Status& status = loaded[source];
    if (!absl::IsNotFound(status)) RETURN_IF_ERROR(status);
    if (!status.ok()) row.row.set_not_run(std::string(status.message()));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
