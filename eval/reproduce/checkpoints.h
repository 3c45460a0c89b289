// What a step does after training that was reported by checkpoints and by averages of them: makes
// the averages, evaluates all, and shows what the model looks at.

#ifndef EVAL_REPRODUCE_CHECKPOINTS_H_
#define EVAL_REPRODUCE_CHECKPOINTS_H_

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/reproduce/child_program.h"
#include "eval/reproduce/plan.h"
#include "eval/reproduce/run_result.h"

namespace vitrine {

struct Programs {
  ChildProgram train, evaluate, average, rollout;
};

// How each checkpoint of the row does on the test split, in the row's order. `run_dir` is the
// folder of a finished run, which gets averages/ and rollout/; averages that are there are kept.
// Nothing is done for a row without checkpoints.
absl::StatusOr<std::vector<MeasuredCheckpoint>> MeasureCheckpoints(
    const PlannedRow& row, const Programs& programs, const std::filesystem::path& run_dir,
    const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_CHECKPOINTS_H_
