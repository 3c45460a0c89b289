#include "eval/reproduce/report/verdict.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr double kAccuracyTolerance = 0.02;
constexpr double kLossTolerance = 0.05;

// 0.2684 - 0.02 and 2,484 of 10,000 are not the same double.
constexpr double kRounding = 1e-9;

using Runs = absl::Span<const RunResult>;

bool IsAltered(const PlannedRow& row) { return row.is_scaled || row.is_overridden; }

Verdict PassIf(bool holds) { return holds ? Verdict::kPass : Verdict::kFail; }

Figure Printed(std::string name, std::string reported) {
  Figure figure;
  figure.name = std::move(name);
  figure.reported = std::move(reported);
  return figure;
}

// A figure that is a number, as the runs measured it.
void SetMeasured(absl::Span<const double> values, Figure* figure) {
  const Spread spread = SpreadOf(values);
  figure->measured_value = spread;
  figure->measured = absl::StrFormat("%.4f", spread.mean);
  if (values.size() > 1) absl::StrAppendFormat(&figure->measured, " +- %.4f", spread.deviation);
}

Figure Accuracy(const ReportedStep& step, Runs runs) {
  Figure figure = Printed("test accuracy", absl::StrFormat("%.4f", step.test_accuracy()));
  figure.reported_value = step.test_accuracy();
  if (runs.empty()) return figure;
  std::vector<double> values;
  for (const RunResult& run : runs) values.push_back(run.accuracy());
  SetMeasured(values, &figure);
  const double least = step.test_accuracy() - kAccuracyTolerance;
  figure.verdict = PassIf(figure.measured_value->mean >= least - kRounding);
  return figure;
}

// Of the iterations that the report printed in the window.
double ReportedLoss(const ReportedStep& step) {
  const LossWindow& window = step.loss_window();
  std::vector<double> losses;
  for (const ReportedIteration& line : step.logged()) {
    const int64_t iteration = line.iteration();
    if (iteration >= window.first() && iteration <= window.last()) losses.push_back(line.loss());
  }
  return SpreadOf(losses).mean;
}

// The window in a run of so many iterations: the same part of it, or none where the iterations that
// it picks out would be others.
std::optional<LossWindow> InRun(const ReportedStep& step, int64_t iterations) {
  LossWindow window = step.loss_window();
  if (iterations == step.iterations()) return window;
  if (window.every() != 1) return std::nullopt;
  const int64_t end = (window.last() + 1) * iterations / step.iterations();
  window.set_first(window.first() * iterations / step.iterations());
  window.set_last(std::max(window.first(), end - 1));
  return window;
}

std::string Name(const LossWindow& window) {
  std::string name = absl::StrCat("training loss, mean of ", window.first(), " to ", window.last());
  if (window.every() != 1) absl::StrAppend(&name, " by ", window.every());
  return name;
}

// None if one of the window's iterations was not logged.
std::optional<double> MeanLoss(const RunResult& run, const LossWindow& window) {
  std::vector<double> losses;
  for (int64_t i = window.first(); i <= window.last(); i += window.every()) {
    const LoggedIteration* logged = run.Find(i);
    if (logged == nullptr) return std::nullopt;
    losses.push_back(logged->loss);
  }
  return SpreadOf(losses).mean;
}

Verdict JudgeLoss(const LossWindow& window, double reported, double measured) {
  switch (window.rule_case()) {
    case LossWindow::kAtMost:
      return PassIf(measured <= window.at_most() + kRounding);
    case LossWindow::kWithin:
      return PassIf(std::abs(measured - reported) <= window.within() + kRounding);
    case LossWindow::RULE_NOT_SET:
      break;
  }
  return Verdict::kUnjudged;
}

Figure TrainingLoss(const ReportedStep& step, int64_t iterations, Runs runs) {
  const std::optional<LossWindow> window = InRun(step, iterations);
  const double reported = ReportedLoss(step);
  Figure figure =
      Printed(Name(window.value_or(step.loss_window())), absl::StrFormat("%.4f", reported));
  figure.reported_value = reported;
  if (runs.empty() || !window) return figure;
  std::vector<double> values;
  for (const RunResult& run : runs) {
    const std::optional<double> loss = MeanLoss(run, *window);
    if (loss) values.push_back(*loss);
  }
  figure.verdict = Verdict::kFail;
  figure.measured = "not all logged";
  if (values.size() < runs.size()) return figure;
  SetMeasured(values, &figure);
  figure.verdict = JudgeLoss(*window, reported, figure.measured_value->mean);
  return figure;
}

// A count in millions, with as many digits behind the point as `like` has.
std::string Millions(int64_t count, std::string_view like) {
  const size_t point = like.find('.');
  const int digits = point == like.npos ? 0 : static_cast<int>(like.size() - point - 1);
  return absl::StrFormat("%.*f", digits, static_cast<double>(count) / 1e6);
}

Figure Parameters(const ReportedStep& step, Runs runs) {
  const std::string& reported = step.parameters_in_millions();
  Figure figure = Printed("parameters", absl::StrCat(reported, " M"));
  for (const RunResult& run : runs) {
    const std::string measured = Millions(run.parameters, reported);
    figure.measured = absl::StrCat(measured, " M");
    figure.verdict = PassIf(measured == reported);
    if (figure.verdict == Verdict::kFail) break;
  }
  return figure;
}

// The first learning rate that is not the printed one, as "1.0000e-03 at 100"; empty if all are.
std::string FirstDifference(const ReportedStep& step, const RunResult& run) {
  for (const ReportedIteration& line : step.logged()) {
    const LoggedIteration* logged = run.Find(line.iteration());
    if (logged == nullptr) return absl::StrCat("none at ", line.iteration());
    const std::string measured = absl::StrFormat("%.4e", logged->learning_rate);
    if (measured != line.learning_rate()) return absl::StrCat(measured, " at ", line.iteration());
  }
  return "";
}

// Those of an altered row belong to other iterations and are not compared.
Figure LearningRates(const PlannedRow& row, Runs runs) {
  Figure figure = Printed("learning rates", absl::StrCat(row.step.logged_size(), " printed"));
  if (IsAltered(row)) return figure;
  for (const RunResult& run : runs) {
    const std::string difference = FirstDifference(row.step, run);
    figure.measured = difference.empty() ? "all equal" : difference;
    figure.verdict = PassIf(difference.empty());
    if (figure.verdict == Verdict::kFail) break;
  }
  return figure;
}

std::string Percentages(double top1, double top5) {
  return absl::StrFormat("%.2f / %.2f %%", top1, top5);
}

// What the runs measured of the row's i-th checkpoint, one value a run.
std::vector<double> Measured(Runs runs, size_t i, double MeasuredCheckpoint::*field) {
  std::vector<double> values;
  for (const RunResult& run : runs) values.push_back(run.checkpoints.at(i).*field);
  return values;
}

Figure CheckpointLoss(const ReportedCheckpoint& reported, const std::string& name, Runs runs) {
  Figure figure =
      Printed(name + ", validation loss", absl::StrFormat("%.4f", reported.validation_loss()));
  figure.reported_value = reported.validation_loss();
  if (runs.empty()) return figure;
  SetMeasured(Measured(runs, 0, &MeasuredCheckpoint::loss), &figure);
  figure.verdict =
      PassIf(figure.measured_value->mean <= reported.validation_loss() + kLossTolerance);
  return figure;
}

// `top1` and `top5` are the reported percentages. The values are fractions of top 1.
Figure CheckpointAccuracy(std::string name, double top1, double top5, size_t i, Runs runs) {
  Figure figure = Printed(std::move(name), Percentages(top1, top5));
  figure.reported_value = top1 / 100;
  if (runs.empty()) return figure;
  figure.measured_value = SpreadOf(Measured(runs, i, &MeasuredCheckpoint::top1));
  figure.measured = Percentages(100 * figure.measured_value->mean,
                                100 * SpreadOf(Measured(runs, i, &MeasuredCheckpoint::top5)).mean);
  const double least = top1 / 100 - kAccuracyTolerance;
  figure.verdict = PassIf(figure.measured_value->mean >= least - kRounding);
  return figure;
}

std::string AverageName(const ReportedAverage& average) {
  return average.has_first()
             ? absl::StrFormat("mean of %d checkpoints, %dK to %dK", average.checkpoints(),
                               average.first() / 1000, average.end() / 1000)
             : absl::StrFormat("mean of the last %d checkpoints", average.checkpoints());
}

// In the order of PlannedRow's checkpoints.
void AppendCheckpoints(const ReportedStep& step, Runs runs, std::vector<Figure>* figures) {
  const ReportedCheckpoint& best = step.best_checkpoint();
  const std::string name = absl::StrCat("checkpoint ", best.iteration());
  figures->push_back(CheckpointLoss(best, name, runs));
  figures->push_back(
      CheckpointAccuracy(name + ", top-1 / top-5", best.top1(), best.top5(), 0, runs));
  for (int i = 0; i < step.averages_size(); ++i) {
    const ReportedAverage& average = step.averages(i);
    figures->push_back(
        CheckpointAccuracy(AverageName(average), average.top1(), average.top5(), i + 1, runs));
  }
}

std::vector<Figure> Figures(const PlannedRow& row, int64_t iterations, Runs runs) {
  const ReportedStep& step = row.step;
  std::vector<Figure> figures;
  if (step.has_test_accuracy()) figures.push_back(Accuracy(step, runs));
  if (step.has_loss_window()) figures.push_back(TrainingLoss(step, iterations, runs));
  if (step.has_best_checkpoint()) AppendCheckpoints(step, runs, &figures);
  if (step.has_parameters_in_millions()) figures.push_back(Parameters(step, runs));
  const bool has_rates = step.logged_size() > 0 && step.logged(0).has_learning_rate();
  if (has_rates) figures.push_back(LearningRates(row, runs));
  return figures;
}

std::string CheckpointRule(const ReportedStep& step) {
  return absl::StrFormat(
      "So do top-1 accuracies of step %d's checkpoints, the best one of the report being taken by "
      "its iteration and not by how well ours does; its loss passes if it is at most the reported "
      "one and %.2f.",
      step.number(), kLossTolerance);
}

std::string LossRule(const ReportedStep& step) {
  const LossWindow& window = step.loss_window();
  const std::string name = absl::StrFormat("Step %d's %s,", step.number(), Name(window));
  switch (window.rule_case()) {
    case LossWindow::kAtMost:
      return absl::StrFormat(
          "%s passes if it is at most %g; the reported figure is that of those that were printed.",
          name, window.at_most());
    case LossWindow::kWithin:
      return absl::StrFormat("%s passes within %.2f of the reported one.", name, window.within());
    case LossWindow::RULE_NOT_SET:
      break;
  }
  return "A training loss without a bound is shown and not judged: that of few batches is noise.";
}

}  // namespace

std::vector<Figure> Judge(const PlannedRow& row, absl::Span<const RunResult> runs) {
  CHECK(!runs.empty() && runs.size() == row.runs.size());
  std::vector<Figure> figures = Figures(row, runs.front().iterations(), runs);
  if (IsAltered(row) || !row.row.judged()) {
    for (Figure& figure : figures) figure.verdict = Verdict::kUnjudged;
  }
  return figures;
}

std::vector<Figure> Unmeasured(const PlannedRow& row, Verdict verdict) {
  std::vector<Figure> figures = Figures(row, row.iterations, {});
  for (Figure& figure : figures) figure.verdict = verdict;
  return figures;
}

std::string VerdictText(const PlannedRow& row, Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kNotRun:
      return "not run";
    case Verdict::kError:
      return "error";
    case Verdict::kUnjudged:
      break;
  }
  if (row.is_scaled && row.is_overridden) return "scaled, overridden";
  if (row.is_scaled) return "scaled";
  return row.is_overridden ? "overridden" : "not judged";
}

std::vector<std::string> Rules(absl::Span<const PlannedRow> rows) {
  std::set<std::string> of_checkpoints, of_losses;  // two rows of a step have the same
  bool has_unjudged = false;
  for (const PlannedRow& row : rows) {
    if (row.step.has_best_checkpoint()) of_checkpoints.insert(CheckpointRule(row.step));
    if (row.step.has_loss_window()) of_losses.insert(LossRule(row.step));
    has_unjudged |= !row.row.judged();
  }
  std::vector<std::string> rules = {absl::StrFormat(
      "A test accuracy, the mean over the seeds, passes if it is at least the reported one less "
      "%.2f.",
      kAccuracyTolerance)};
  rules.insert(rules.end(), of_checkpoints.begin(), of_checkpoints.end());
  rules.insert(rules.end(), of_losses.begin(), of_losses.end());
  rules.push_back("Learning rates and parameter counts pass if every printed digit is equal.");
  if (has_unjudged) {
    rules.push_back(
        "A row that is not judged has another recipe than the run that gave the reported figures.");
  }
  rules.push_back("A row that is scaled or overridden neither passes nor fails.");
  return rules;
}

std::vector<std::string> Sources(absl::Span<const PlannedRow> rows) {
  std::vector<std::string> sources;
  for (const PlannedRow& row : rows) {
    if (!row.step.has_test_accuracy_source()) continue;
    std::string source = absl::StrFormat("Step %d, %.4f: %s.", row.step.number(),
                                         row.step.test_accuracy(), row.step.test_accuracy_source());
    if (sources.empty() || sources.back() != source) sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace vitrine
