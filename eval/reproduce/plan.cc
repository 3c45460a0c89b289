#include "eval/reproduce/plan.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

constexpr int kMaxSeeds = 1000;

// A run that is killed loses no more than such a part of its iterations.
constexpr int kCheckpointsPerRun = 10;

const ReportedStep* FindStep(const ReportedResults& reported, std::string_view text) {
  int number;
  if (!absl::SimpleAtoi(text, &number)) return nullptr;
  for (const ReportedStep& step : reported.steps()) {
    if (step.number() == number) return &step;
  }
  return nullptr;
}

absl::StatusOr<std::vector<const ReportedStep*>> FindSteps(const ReportedResults& reported,
                                                           const std::string& list) {
  std::vector<const ReportedStep*> steps;
  for (const std::string_view text : absl::StrSplit(list, ',')) {
    const ReportedStep* step = FindStep(reported, text);
    if (step == nullptr) {
      const auto number = [](std::string* out, const ReportedStep& step) {
        absl::StrAppend(out, step.number());
      };
      return absl::InvalidArgumentError(absl::StrCat("--steps=", list, ": no step '", text,
                                                     "'; name some of ",
                                                     absl::StrJoin(reported.steps(), ",", number)));
    }
    if (std::find(steps.begin(), steps.end(), step) != steps.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--steps=", list, ": step ", text, " is named twice"));
    }
    steps.push_back(step);
  }
  return steps;
}

absl::Status CheckRanges(const ReproductionRequest& request) {
  if (request.seeds < 1 || request.seeds > kMaxSeeds) {
    return absl::InvalidArgumentError(
        absl::StrCat("--seeds=", request.seeds, ": must be from 1 to ", kMaxSeeds));
  }
  if (!(request.scale > 0 && request.scale <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--scale=", request.scale, ": must be above 0 and at most 1"));
  }
  return absl::OkStatus();
}

int64_t Scaled(int64_t iterations, double scale) {
  return std::max<int64_t>(1, std::llround(static_cast<double>(iterations) * scale));
}

// The schedule of a scaled run. Its warm-up is at least 1 where the step has one, if a decay is
// left.
std::vector<std::string> ScheduleOverrides(const ReportedStep& step, double scale) {
  const int64_t iterations = Scaled(step.iterations(), scale);
  std::vector<std::string> overrides = {absl::StrCat("schedule.iterations=", iterations)};
  if (step.warmup_iterations() > 0) {
    const int64_t warmup = std::min(Scaled(step.warmup_iterations(), scale), iterations - 1);
    overrides.push_back(absl::StrCat("schedule.warmup_iterations=", warmup));
  }
  return overrides;
}

PlannedRun PlanRun(const PlannedRow& row, const ReproductionRequest& request, uint64_t seed) {
  PlannedRun run;
  run.seed = seed;
  run.folder = absl::StrCat(row.row.name(), "-seed", seed);
  const int64_t interval = std::max<int64_t>(1, row.iterations / kCheckpointsPerRun);
  run.arguments = {absl::StrCat("--config=", row.row.config()), absl::StrCat("seed=", seed),
                   absl::StrCat("checkpoint.every_iterations=", interval),
                   "checkpoint.keep_last=1"};
  const auto append = [&run](const auto& overrides) {
    run.arguments.insert(run.arguments.end(), overrides.begin(), overrides.end());
  };
  append(row.row.overrides());
  if (row.is_scaled) append(ScheduleOverrides(row.step, request.scale));
  append(request.overrides);  // last, so that the user has the last word
  return run;
}

}  // namespace

absl::StatusOr<std::vector<PlannedRow>> PlanRows(const ReportedResults& reported,
                                                 const ReproductionRequest& request) {
  RETURN_IF_ERROR(CheckRanges(request));
  ASSIGN_OR_RETURN(const auto steps, FindSteps(reported, request.steps));
  std::vector<PlannedRow> rows;
  for (const ReportedStep* step : steps) {
    for (const ReproducedRow& reproduced : step->rows()) {
      PlannedRow& row = rows.emplace_back();
      row.step = *step;
      row.row = reproduced;
      row.iterations = Scaled(step->iterations(), request.scale);
      row.is_scaled = request.scale != 1;
      row.is_overridden = !request.overrides.empty();
      for (int seed = 0; seed < request.seeds; ++seed) {
        row.runs.push_back(PlanRun(row, request, seed));
      }
    }
  }
  return rows;
}

}  // namespace vitrine
