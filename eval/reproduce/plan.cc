#include "eval/reproduce/plan.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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

// How far apart the checkpoints were that were averaged; 0 where none were.
int64_t CheckpointInterval(const ReportedStep& step) {
  if (step.averages().empty()) return 0;
  const ReportedAverage& average = step.averages(0);
  return (average.end() - 1 - average.first()) / (average.checkpoints() - 1);
}

// An iteration of the whole run, in a run of `iterations`; rounded up, so that a checkpoint just
// below the end of a range stays below it.
int64_t InRun(int64_t iteration, const PlannedRow& row) {
  return (iteration * row.iterations + row.step.iterations() - 1) / row.step.iterations();
}

// The step's data set, or what the user has put in its place.
DataConfig::Source SourceOf(const ReportedStep& step, const ReproductionRequest& request) {
  DataConfig::Source source = step.data();
  for (std::string_view override : request.overrides) {
    // A name that does not exist is //train's to refuse.
    if (absl::ConsumePrefix(&override, "data.source=")) {
      DataConfig::Source_Parse(std::string(override), &source);
    }
  }
  return source;
}

std::vector<PlannedCheckpoint> PlanCheckpoints(const PlannedRow& row) {
  std::vector<PlannedCheckpoint> checkpoints;
  if (!row.step.has_best_checkpoint()) return checkpoints;
  const int64_t best = InRun(row.step.best_checkpoint().iteration(), row);
  checkpoints.push_back({absl::StrFormat("checkpoints/%09d", best), {}});
  for (const ReportedAverage& average : row.step.averages()) {
    PlannedCheckpoint& planned = checkpoints.emplace_back();
    planned.path = absl::StrCat("averages/", average.preset());
    if (average.has_end()) {
      planned.selection = {absl::StrCat("--first=", InRun(average.first(), row)),
                           absl::StrCat("--last=", InRun(average.end(), row))};
    } else {
      planned.selection = {absl::StrCat("--count=", average.checkpoints())};
    }
  }
  return checkpoints;
}

// A step whose checkpoints are averaged keeps those that it was reported with; of others one is
// kept, for --resume.
std::vector<std::string> CheckpointOverrides(const PlannedRow& row) {
  const int64_t reported = CheckpointInterval(row.step);
  const int64_t interval = reported > 0 ? InRun(reported, row)
                                        : std::max<int64_t>(1, row.iterations / kCheckpointsPerRun);
  return {absl::StrCat("checkpoint.every_iterations=", interval),
          absl::StrCat("checkpoint.keep_last=", reported > 0 ? 0 : 1)};
}

absl::Status CheckScale(const ReportedStep& step, double scale) {
  const int64_t interval = CheckpointInterval(step);
  if (interval == 0 || scale * static_cast<double>(interval) >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "--scale=%g: step %d averages checkpoints that are %d iterations apart; must be at least %g",
      scale, step.number(), interval, 1.0 / static_cast<double>(interval)));
}

PlannedRun PlanRun(const PlannedRow& row, const ReproductionRequest& request, uint64_t seed) {
  PlannedRun run;
  run.seed = seed;
  run.folder = absl::StrCat(row.row.name(), "-seed", seed);
  run.arguments = {absl::StrCat("--config=", row.row.config()), absl::StrCat("seed=", seed)};
  const auto append = [&run](const auto& overrides) {
    run.arguments.insert(run.arguments.end(), overrides.begin(), overrides.end());
  };
  append(CheckpointOverrides(row));
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
    RETURN_IF_ERROR(CheckScale(*step, request.scale));
    for (const ReproducedRow& reproduced : step->rows()) {
      PlannedRow& row = rows.emplace_back();
      row.step = *step;
      row.row = reproduced;
      row.data = SourceOf(*step, request);
      row.iterations = Scaled(step->iterations(), request.scale);
      row.is_scaled = request.scale != 1;
      row.is_overridden = !request.overrides.empty();
      for (int seed = 0; seed < request.seeds; ++seed) {
        row.runs.push_back(PlanRun(row, request, seed));
      }
      row.checkpoints = PlanCheckpoints(row);
    }
  }
  return rows;
}

}  // namespace vitrine
