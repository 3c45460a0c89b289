// What a finished run of //train left: its metrics.csv and its run.json, read as files that may be
// damaged.
//
//   ASSIGN_OR_RETURN(const RunResult run, ReadRun(run_dir / "step4-seed0"));
//   run.accuracy();

#ifndef EVAL_REPRODUCE_RUN_RESULT_H_
#define EVAL_REPRODUCE_RUN_RESULT_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

struct LoggedIteration {
  int64_t iteration = 0;
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping; not finite if a gradient overflowed
  double milliseconds = 0;
};

// On the test split: the mean loss, and fractions of its images.
struct MeasuredCheckpoint {
  double loss = 0, top1 = 0, top5 = 0;
};

struct RunResult {
  std::vector<LoggedIteration> logged;  // rising; the last one is the run's last
  int64_t parameters = 0;
  int64_t test_count = 0, test_correct = 0;
  std::vector<MeasuredCheckpoint> checkpoints;  // those of the row, in its order; not by ReadRun
  std::string machine;  // device, CPU capability, threads, libtorch and git revision

  int64_t iterations() const { return logged.back().iteration + 1; }
  double accuracy() const { return static_cast<double>(test_correct) / test_count; }

  // Null if the iteration was not logged.
  const LoggedIteration* Find(int64_t iteration) const;
};

// An error of one line that names the file if it is absent, damaged or of an unfinished run.
absl::StatusOr<RunResult> ReadRun(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_RUN_RESULT_H_
