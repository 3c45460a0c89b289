// Trains the rows of a plan and reads what they measured.
//
//   ASSIGN_OR_RETURN(std::vector<PlannedRow> rows, PlanRows(ReportedWork(), request));
//   RETURN_IF_ERROR(MarkUnavailable(train, &rows));
//   RETURN_IF_ERROR(MarkWithoutData(data_dir, &rows));
//   ASSIGN_OR_RETURN(const std::vector<RowResult> results, RunRows(rows, programs, options,
//   write));

#ifndef EVAL_REPRODUCE_REPRODUCTION_H_
#define EVAL_REPRODUCE_REPRODUCTION_H_

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eval/reproduce/checkpoints.h"
#include "eval/reproduce/plan.h"
#include "eval/reproduce/report/verdict.h"
#include "eval/reproduce/run_result.h"

namespace vitrine {

struct RowResult {
  PlannedRow plan;
  std::string problem;          // why there is no result; empty if there is one
  std::vector<RunResult> runs;  // those of the plan, or none
  std::vector<Figure> figures;
};

struct RunOptions {
  std::filesystem::path data_dir;  // empty: not given
  std::filesystem::path run_dir;   // of which each run has a folder
  bool resume = false;             // go on with runs that are there
};

// Is given the rows that have ended, after each of them.
using WriteReports = std::function<absl::Status(absl::Span<const RowResult> results)>;

// One row after another. A row that can't be run or ends early is a result too, and does not keep
// the others from being run. SIGINT, SIGTERM and SIGHUP end the run in order, with a checkpoint,
// and are an InterruptedError.
absl::StatusOr<std::vector<RowResult>> RunRows(absl::Span<const PlannedRow> rows,
                                               const Programs& programs, const RunOptions& options,
                                               const WriteReports& write);

// An error that names the rows that failed, if any did.
absl::Status CheckAllPassed(absl::Span<const RowResult> results);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPRODUCTION_H_
