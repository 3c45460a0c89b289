// Reported beside measured, figure by figure, and whether they agree.
//
//   for (const Figure& figure : Judge(row, runs)) std::cout << figure.name << figure.measured;

#ifndef EVAL_REPRODUCE_REPORT_VERDICT_H_
#define EVAL_REPRODUCE_REPORT_VERDICT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "eval/reproduce/plan.h"
#include "eval/reproduce/report/statistics.h"
#include "eval/reproduce/run_result.h"

namespace vitrine {

enum class Verdict {
  kPass,
  kFail,
  kUnjudged,  // measured on another experiment than the reported one, or without a rule
  kNotRun,
  kError,  // a run did not get to its end, or its files can't be read
};

// One reported figure. The texts are for the table, the values for programs.
struct Figure {
  std::string name;  // "test accuracy"
  std::string reported;
  std::string measured;  // empty if nothing was
  std::optional<double> reported_value;
  std::optional<Spread> measured_value;  // over the seeds
  Verdict verdict = Verdict::kNotRun;
};

// The figures of a row, measured by all of its runs.
std::vector<Figure> Judge(const PlannedRow& row, absl::Span<const RunResult> runs);

// The same figures of a row that was not run, or not to its end.
std::vector<Figure> Unmeasured(const PlannedRow& row, Verdict verdict);

// "pass", "fail", "not run", "error", how the row was altered ("scaled, overridden"), or "not
// judged".
std::string VerdictText(const PlannedRow& row, Verdict verdict);

// What the verdicts on these rows go by, a sentence each.
std::vector<std::string> Rules(absl::Span<const PlannedRow> rows);

// Where the reported accuracies of these rows stand, a sentence for each step.
std::vector<std::string> Sources(absl::Span<const PlannedRow> rows);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_VERDICT_H_
