// What a user asks of //eval:reproduce, as runs of //train.
//
//   ASSIGN_OR_RETURN(const auto rows, PlanRows(ReportedWork(), {.steps = "1,6"}));
//   for (const PlannedRow& row : rows) {
//     for (const PlannedRun& run : row.runs) Train(run.arguments, run_dir / run.folder);
//   }

#ifndef EVAL_REPRODUCE_PLAN_H_
#define EVAL_REPRODUCE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "eval/reported.pb.h"

namespace vitrine {

struct ReproductionRequest {
  std::string steps;                        // "1,2,3"
  int seeds = 1;                            // runs of each row, with seeds from 0
  double scale = 1;                         // the fraction of the iterations that is run
  std::vector<std::string> overrides = {};  // "field.path=value", for every run
};

struct PlannedRun {
  uint64_t seed = 0;
  std::string folder;  // "step4-seed0", inside the reproduction's own
  std::vector<std::string> arguments;
};

// A checkpoint that was reported by itself, and is chosen by its iteration, or an average of
// several.
struct PlannedCheckpoint {
  std::string path;                    // in the folder of the run
  std::vector<std::string> selection;  // what is averaged, as //eval:swa takes it; empty: nothing
};

// One row of the table. What is scaled or overridden is another experiment than the reported one,
// and neither passes nor fails.
struct PlannedRow {
  ReportedStep step;
  ReproducedRow row;
  DataConfig::Source data = DataConfig::DIGITS;
  int64_t iterations = 0;
  bool is_scaled = false, is_overridden = false;
  std::vector<PlannedRun> runs;
  std::vector<PlannedCheckpoint> checkpoints;  // the best one reported, then the averages, or none
};

// The rows of these steps, in the order given. A step that does not exist or is named twice, and
// numbers out of range, and a scale that leaves nothing between two checkpoints, are
// InvalidArgument.
absl::StatusOr<std::vector<PlannedRow>> PlanRows(const ReportedResults& reported,
                                                 const ReproductionRequest& request);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_PLAN_H_
