#include "train/run_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "train/validation_log.h"

namespace vitrine {

absl::StatusOr<RunLog> RunLog::Open(const RunFolder& folder, int64_t iteration) {
  ASSIGN_OR_RETURN(CsvFile metrics, OpenMetrics(folder.metrics(), iteration));
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
  // At the iteration just done, not the next: a run that goes on from a checkpoint written now has
  // TensorBoard drop the points from the next iteration on, and will not validate here again.
  return events_.Scalars(iteration - 1, {{absl::StrCat(split, "/loss"), evaluation.loss()},
                                         {absl::StrCat(split, "/top1"), evaluation.top1()}});
}

}  // namespace vitrine
