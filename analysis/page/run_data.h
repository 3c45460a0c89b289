// What the files of a run say, for the page: its record, its config, its curves, and what was
// reported of it where it is a step of the reported work.

#ifndef ANALYSIS_PAGE_RUN_DATA_H_
#define ANALYSIS_PAGE_RUN_DATA_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "base/files/json.h"

namespace vitrine {

// An object:
//   name            of the folder
//   config          config.textproto as it is
//   record          run.json as it is
//   metrics         column by column of metrics.csv; values that are not finite are null
//   metrics_every   1, or n if of more rows than a chart can show every n-th is there
//   validation      for each split in validation.csv, its columns iteration, loss and top1
//   reported        where there is: step, test_accuracy, hardware, milliseconds, parameters in
//                   millions, and `logged`, column by column
//   command         that trains the same again
//
// NotFound if it is no run's folder; DataLoss, with the file's name, if a file is damaged.
absl::StatusOr<Json> DescribeRun(const std::filesystem::path& run_dir);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_RUN_DATA_H_
