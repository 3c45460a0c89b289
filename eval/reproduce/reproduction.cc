#include "eval/reproduce/reproduction.h"

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/programs/program.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

std::string Label(const PlannedRow& row) {
  return absl::StrCat("step ", row.step.number(), " (", row.row.title(), ")");
}

std::vector<std::string> Arguments(const PlannedRun& run, const RunOptions& options) {
  std::vector<std::string> arguments = run.arguments;
  arguments.push_back(absl::StrCat("--run_dir=", (options.run_dir / run.folder).string()));
  if (!options.data_dir.empty()) {
    arguments.push_back(absl::StrCat("--data_dir=", options.data_dir.string()));
  }
  if (options.resume) arguments.push_back("--resume");
  return arguments;
}

absl::Status CheckInterruption(const RunOptions& options) {
  const int signal = InterruptionGuard::Signal();
  if (signal == 0) return absl::OkStatus();
  return InterruptedError(signal, absl::StrCat("interrupted; go on with --resume --run_dir=",
                                               options.run_dir.string()));
}

// One result for each run of the row, or the first error.
absl::StatusOr<std::vector<RunResult>> RunRow(const PlannedRow& row, const Programs& programs,
                                              const RunOptions& options) {
  std::vector<RunResult> results;
  for (const PlannedRun& run : row.runs) {
    std::cout << "\n== " << Label(row) << ", seed " << run.seed << std::endl;
    const absl::Status trained = programs.train.Run(Arguments(run, options));
    RETURN_IF_ERROR(CheckInterruption(options));
    RETURN_IF_ERROR(Annotate(trained, run.folder));
    const std::filesystem::path run_dir = options.run_dir / run.folder;
    ASSIGN_OR_RETURN(results.emplace_back(), ReadRun(run_dir));
    auto measured = MeasureCheckpoints(row, programs, run_dir, options.data_dir);
    RETURN_IF_ERROR(CheckInterruption(options));
    ASSIGN_OR_RETURN(results.back().checkpoints, Annotate(std::move(measured), run.folder));
  }
  return results;
}

// An error is an interruption.
absl::StatusOr<RowResult> MeasureRow(const PlannedRow& row, const Programs& programs,
                                     const RunOptions& options) {
  RowResult result;
  result.plan = row;
  if (row.row.has_not_run()) {
    result.problem = row.row.not_run();
    result.figures = Unmeasured(row, Verdict::kNotRun);
    return result;
  }
  absl::StatusOr<std::vector<RunResult>> runs = RunRow(row, programs, options);
  if (absl::IsCancelled(runs.status())) return runs.status();
  if (runs.ok()) {
    result.runs = *std::move(runs);
    result.figures = Judge(row, result.runs);
  } else {
    result.problem = runs.status().message();
    result.figures = Unmeasured(row, Verdict::kError);
  }
  return result;
}

bool Fails(const RowResult& result) {
  for (const Figure& figure : result.figures) {
    if (figure.verdict == Verdict::kFail || figure.verdict == Verdict::kError) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<RowResult>> RunRows(absl::Span<const PlannedRow> rows,
                                               const Programs& programs, const RunOptions& options,
                                               const WriteReports& write) {
  const InterruptionGuard guard;
  std::vector<RowResult> results;
  for (const PlannedRow& row : rows) {
    ASSIGN_OR_RETURN(results.emplace_back(), MeasureRow(row, programs, options));
    RETURN_IF_ERROR(write(results));
  }
  RETURN_IF_ERROR(CheckInterruption(options));
  return results;
}

absl::Status CheckAllPassed(absl::Span<const RowResult> results) {
  std::vector<std::string> failed;
  for (const RowResult& result : results) {
    if (Fails(result)) failed.push_back(Label(result.plan));
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("not reproduced: ", absl::StrJoin(failed, ", ")));
}

}  // namespace vitrine
