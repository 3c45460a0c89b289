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
//   iterations      that are done, as far as metrics.csv says
//   medians         of its columns milliseconds, images_per_second and data_wait
//   curves          loss, learning_rate, gradient_norm, images_per_second and data_wait by
//                   iteration, each {x, y}, thinned (curve.h); loss_smoothed and
//                   gradient_norm_smoothed
//   neighbours      1, or n if the curves have two of n neighbouring rows each
//   validation      for each split in validation.csv the curves loss and top1
//   reported        where there is: step, test_accuracy, hardware, milliseconds, parameters in
//                   millions, and `logged`, column by column
//   command         that trains the same again
//
// Numbers that are not finite are null. NotFound if it is no run's folder; DataLoss, with the
// file's name, if a file is damaged.
absl::StatusOr<Json> DescribeRun(const std::filesystem::path& run_dir);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_RUN_DATA_H_
