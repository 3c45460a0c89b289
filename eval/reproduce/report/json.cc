#include "eval/reproduce/report/json.h"

#include <cmath>
#include <vector>

#include "base/files/json.h"
#include "eval/reproduce/report/comparison.h"

namespace vitrine {
namespace {

Json FigureJson(const PlannedRow& row, const Figure& figure) {
  Json json = {{"name", figure.name}, {"reported", figure.reported}};
  if (figure.reported_value) json["reported"] = *figure.reported_value;
  if (!figure.measured.empty()) json["measured"] = figure.measured;
  if (figure.measured_value) {
    json["measured"] = figure.measured_value->mean;
    json["standard_deviation"] = figure.measured_value->deviation;
  }
  json["verdict"] = VerdictText(row, figure.verdict);
  return json;
}

Json RunJson(const PlannedRun& plan, const RunResult& run) {
  return {{"seed", plan.seed},
          {"folder", plan.folder},
          {"iterations", run.iterations()},
          {"parameters", run.parameters},
          {"test_count", run.test_count},
          {"test_correct", run.test_correct},
          {"machine", run.machine}};
}

Json IterationJson(const ComparedIteration& iteration) {
  const ReportedIteration& reported = iteration.reported;
  Json json = {{"iteration", reported.iteration()},
               {"reported", {{"loss", reported.loss()}}},
               {"measured",
                {{"loss", iteration.loss},
                 {"gradient_norm", iteration.gradient_norm},  // null if not finite
                 {"learning_rate", iteration.learning_rate}}}};
  if (reported.has_gradient_norm()) json["reported"]["gradient_norm"] = reported.gradient_norm();
  if (reported.has_learning_rate()) {
    json["reported"]["learning_rate"] = std::stod(reported.learning_rate());
  }
  return json;
}

Json RowJson(const RowResult& result) {
  const PlannedRow& plan = result.plan;
  Json json = {{"step", plan.step.number()},
               {"name", plan.row.name()},
               {"title", plan.row.title()},
               {"iterations", plan.iterations},
               {"reported_iterations", plan.step.iterations()},
               {"seeds", plan.runs.size()},
               {"scaled", plan.is_scaled},
               {"overridden", plan.is_overridden},
               {"arguments", plan.runs.front().arguments}};
  if (!result.problem.empty()) json["problem"] = result.problem;
  if (const auto reported = ReportedMilliseconds(plan.step)) {
    json["reported_milliseconds"] = *reported;
    json["reported_hardware"] = plan.step.hardware();
  }
  if (!result.runs.empty()) json["milliseconds"] = MeasuredMilliseconds(result.runs);
  json["figures"] = Json::array();
  for (const Figure& figure : result.figures) json["figures"].push_back(FigureJson(plan, figure));
  json["runs"] = Json::array();
  for (size_t i = 0; i < result.runs.size(); ++i) {
    json["runs"].push_back(RunJson(plan.runs[i], result.runs[i]));
  }
  json["logged"] = Json::array();
  if (plan.is_scaled) return json;  // its iterations are others
  for (const ComparedIteration& iteration : CompareIterations(plan.step, result.runs)) {
    json["logged"].push_back(IterationJson(iteration));
  }
  return json;
}

}  // namespace

std::string ReproductionJson(absl::Span<const RowResult> results, const std::string& command) {
  Json rows = Json::array();
  std::vector<PlannedRow> plans;
  for (const RowResult& result : results) {
    rows.push_back(RowJson(result));
    plans.push_back(result.plan);
  }
  const Json json = {
      {"command", command}, {"rules", Rules(plans)}, {"sources", Sources(plans)}, {"rows", rows}};
  return PrettyJson(json) + "\n";
}

}  // namespace vitrine
