// Everything that a run writes down while it goes: metrics.csv, validation.csv and TensorBoard's
// events.
//
//   ASSIGN_OR_RETURN(RunLog log, RunLog::Open(folder, trainer.iteration(), 100));
//   RETURN_IF_ERROR(log.AddIteration(metrics));
//   RETURN_IF_ERROR(log.AddEvaluation(trainer.iteration(), "minival", evaluation));

#ifndef TRAIN_RUN_RUN_LOG_H_
#define TRAIN_RUN_RUN_LOG_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/evaluator.h"
#include "train/run/metrics.h"
#include "train/run/run_folder.h"
#include "train/run/tensorboard.h"

namespace vitrine {

class RunLog {
 public:
  // The logs of a run that has completed so many iterations and logs one of `every`. What an
  // earlier process wrote beyond them is dropped, since it will be done again.
  static absl::StatusOr<RunLog> Open(const RunFolder& folder, int64_t iteration, int64_t every);

  absl::Status AddIteration(const IterationMetrics& metrics);

  // After so many iterations. `split` is the split's name, with "_ema" or "_swa" behind it where
  // that average of the weights was evaluated.
  absl::Status AddEvaluation(int64_t iteration, std::string_view split,
                             const Evaluation& evaluation);

 private:
  RunLog(CsvFile metrics, CsvFile validation, EventWriter events);

  CsvFile metrics_, validation_;
  EventWriter events_;
};

}  // namespace vitrine

#endif  // TRAIN_RUN_RUN_LOG_H_
