#include "eval/reproduce/report/comparison.h"

#include "eval/reproduce/report/statistics.h"

namespace vitrine {
namespace {

// The mean over the runs; none if one of them did not log the iteration.
std::optional<ComparedIteration> Compare(const ReportedIteration& reported,
                                         absl::Span<const RunResult> runs) {
  if (runs.empty()) return std::nullopt;
  const double count = static_cast<double>(runs.size());
  ComparedIteration compared{.reported = reported};
  for (const RunResult& run : runs) {
    const LoggedIteration* logged = run.Find(reported.iteration());
    if (logged == nullptr) return std::nullopt;
    compared.loss += logged->loss / count;
    compared.learning_rate += logged->learning_rate / count;
    compared.gradient_norm += logged->gradient_norm / count;
  }
  return compared;
}

}  // namespace

std::vector<ComparedIteration> CompareIterations(const ReportedStep& step,
                                                 absl::Span<const RunResult> runs) {
  std::vector<ComparedIteration> iterations;
  for (const ReportedIteration& reported : step.logged()) {
    const std::optional<ComparedIteration> compared = Compare(reported, runs);
    if (compared) iterations.push_back(*compared);
  }
  return iterations;
}

std::optional<double> ReportedMilliseconds(const ReportedStep& step) {
  std::vector<double> times;
  for (const ReportedIteration& line : step.logged()) {
    if (line.has_milliseconds()) times.push_back(line.milliseconds());
  }
  if (times.empty()) return std::nullopt;
  return Median(std::move(times));
}

double MeasuredMilliseconds(absl::Span<const RunResult> runs) {
  std::vector<double> times;
  for (const RunResult& run : runs) {
    for (const LoggedIteration& logged : run.logged) times.push_back(logged.milliseconds);
  }
  return Median(std::move(times));
}

}  // namespace vitrine
