#include "train/run/run_log.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/split.h"
#include "train/run/validation_log.h"

namespace vitrine {

absl::StatusOr<RunLog> RunLog::Open(const RunFolder& folder, int64_t iteration, int64_t every) {
  ASSIGN_OR_RETURN(CsvFile metrics, OpenMetrics(folder.metrics(), iteration, every));
  ASSIGN_OR_RETURN(CsvFile validation, OpenValidationLog(folder.validation(), iteration));
  ASSIGN_OR_RETURN(EventWriter events, EventWriter::Create(folder.path(), iteration));
  return RunLog(std::move(metrics), std::move(validation), std::move(events));
}

RunLog::RunLog(CsvFile metrics, CsvFile validation, EventWriter events)
    : metrics_(std::move(metrics)),
      validation_(std::move(validation)),
      events_(std::move(events)) {}

absl::Status RunLog::AddIteration(const IterationMetrics& m) {
  RETURN_IF_ERROR(metrics_.Append(CsvRow(m)));
  return events_.Scalars(m.iteration, {{"train/loss", m.loss},
                                       {"train/learning_rate", m.learning_rate},
                                       {"train/gradient_norm", m.gradient_norm},
                                       {"train/milliseconds", m.milliseconds},
                                       {"train/images_per_second", m.images_per_second},
                                       {"train/data_wait", m.data_wait}});
}

absl::Status RunLog::AddEvaluation(int64_t iteration, std::string_view split,
                                   const Evaluation& evaluation) {
  RETURN_IF_ERROR(validation_.Append(ValidationRow(iteration, split, evaluation)));
  // A run that goes on from a checkpoint written now has TensorBoard drop the points from the next
  // iteration on. It will not validate here again, so that point stands at the iteration just done;
  // but it will test again.
  const bool is_test = absl::StartsWith(split, SplitName(Split::kTest));
  const int64_t step = is_test ? iteration : iteration - 1;
  return events_.Scalars(step, {{absl::StrCat(split, "/loss"), evaluation.loss()},
                                {absl::StrCat(split, "/top1"), evaluation.top1()}});
}

}  // namespace vitrine
