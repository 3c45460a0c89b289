// What of a plan can't be run, found before anything is trained: a row may take hours.

#ifndef EVAL_REPRODUCE_PREFLIGHT_H_
#define EVAL_REPRODUCE_PREFLIGHT_H_

#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "eval/reproduce/child_program.h"
#include "eval/reproduce/plan.h"

namespace vitrine {

// Gives rows that //train can't do yet its own words as their reason not to run. Overrides that it
// refuses are InvalidArgument.
absl::Status MarkUnavailable(const ChildProgram& train, std::vector<PlannedRow>* rows);

// The same for rows whose data set is not in data_dir, which is empty if not given. A data set that
// is there and damaged is an error that names the file.
absl::Status MarkWithoutData(const std::filesystem::path& data_dir, std::vector<PlannedRow>* rows);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_PREFLIGHT_H_
