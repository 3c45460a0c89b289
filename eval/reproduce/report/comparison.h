// The iterations that the report printed, beside the same ones of the runs.

#ifndef EVAL_REPRODUCE_REPORT_COMPARISON_H_
#define EVAL_REPRODUCE_REPORT_COMPARISON_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "eval/reported.pb.h"
#include "eval/reproduce/run_result.h"

namespace vitrine {

// Of the measured ones, the means over the runs.
struct ComparedIteration {
  ReportedIteration reported;
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
};

// Those that every run logged.
std::vector<ComparedIteration> CompareIterations(const ReportedStep& step,
                                                 absl::Span<const RunResult> runs);

// The median time of an iteration: of the printed ones, none if no times were printed; and of all
// that were logged by at least one run.
std::optional<double> ReportedMilliseconds(const ReportedStep& step);
double MeasuredMilliseconds(absl::Span<const RunResult> runs);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_COMPARISON_H_
