#include "eval/reproduce/report/markdown.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "eval/reproduce/report/comparison.h"
#include "eval/reproduce/report/markdown_table.h"

namespace vitrine {
namespace {

using Results = absl::Span<const RowResult>;

// "100", or "10 of 100" if the run was shorter.
std::string Iterations(const RowResult& result) {
  const int64_t reported = result.plan.step.iterations();
  const int64_t run = result.runs.empty() ? result.plan.iterations : result.runs[0].iterations();
  return run == reported ? absl::StrCat(run) : absl::StrCat(run, " of ", reported);
}

// "331.2 (T4: 87.6)", as far as both are known.
std::string Milliseconds(const RowResult& result) {
  std::string text;
  if (!result.runs.empty()) text = absl::StrFormat("%.1f ", MeasuredMilliseconds(result.runs));
  const std::optional<double> reported = ReportedMilliseconds(result.plan.step);
  if (reported) {
    absl::StrAppendFormat(&text, "(%s: %.1f)", result.plan.step.hardware(), *reported);
  }
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string Summary(Results results) {
  MarkdownTable table({{"step"},
                       {"what"},
                       {"iterations", true},
                       {"seeds", true},
                       {"reported", true},
                       {"measured", true},
                       {"ms an iteration", true},
                       {"verdict"}});
  for (const RowResult& result : results) {
    for (const Figure& figure : result.figures) {
      const bool is_first = &figure == &result.figures.front();
      const auto once = [is_first](std::string text) { return is_first ? text : ""; };
      table.Add({absl::StrCat(result.plan.step.number()),
                 absl::StrCat(result.plan.row.title(), ": ", figure.name), once(Iterations(result)),
                 once(absl::StrCat(result.plan.runs.size())), figure.reported, figure.measured,
                 once(Milliseconds(result)), VerdictText(result.plan, figure.verdict)});
    }
  }
  return table.Text();
}

std::string Bullets(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "", [](std::string* out, const std::string& line) {
    absl::StrAppend(out, "- ", line, "\n");
  });
}

std::string SourcesText(const std::vector<PlannedRow>& rows) {
  const std::vector<std::string> sources = Sources(rows);
  return sources.empty() ? "" : absl::StrCat("\nReported:\n\n", Bullets(sources));
}

// Says loudly that a table is not of the reported work.
std::string Alteration(Results results) {
  if (results.empty()) return "";
  const PlannedRow& row = results.front().plan;  // all rows are altered in the same way
  if (!row.is_scaled && !row.is_overridden) return "";
  return absl::StrCat("**Not the reported experiments (", VerdictText(row, Verdict::kUnjudged),
                      "): nothing here passes or fails.**\n\n");
}

// Why rows have no result.
std::string Problems(Results results) {
  std::vector<std::string> lines;
  for (const RowResult& result : results) {
    if (result.problem.empty()) continue;
    lines.push_back(absl::StrCat("step ", result.plan.step.number(), " (", result.plan.row.title(),
                                 "): ", result.problem));
  }
  return lines.empty() ? "" : absl::StrCat("\nNot measured:\n\n", Bullets(lines));
}

// The machines that the runs recorded: one, unless a reproduction was moved.
std::vector<std::string> Machines(Results results) {
  std::vector<std::string> machines;
  for (const RowResult& result : results) {
    for (const RunResult& run : result.runs) {
      const bool is_new =
          std::find(machines.begin(), machines.end(), run.machine) == machines.end();
      if (is_new) machines.push_back(run.machine);
    }
  }
  if (machines.empty()) machines.push_back("none, since nothing was run");
  return machines;
}

std::string IterationTable(const RowResult& result,
                           const std::vector<ComparedIteration>& iterations) {
  const bool has_norms = iterations.front().reported.has_gradient_norm();
  std::vector<MarkdownTable::Column> columns = {
      {"iteration", true}, {"loss reported", true}, {"measured", true}};
  if (has_norms) {
    for (const char* title : {"norm reported", "measured", "rate reported", "measured"}) {
      columns.push_back({title, true});
    }
  }
  MarkdownTable table(columns);
  for (const ComparedIteration& iteration : iterations) {
    const ReportedIteration& reported = iteration.reported;
    std::vector<std::string> cells = {absl::StrCat(reported.iteration()),
                                      absl::StrFormat("%.4f", reported.loss()),
                                      absl::StrFormat("%.4f", iteration.loss)};
    if (has_norms) {
      cells.push_back(absl::StrFormat("%.4f", reported.gradient_norm()));
      cells.push_back(absl::StrFormat("%.4f", iteration.gradient_norm));
      cells.push_back(reported.learning_rate());
      cells.push_back(absl::StrFormat("%.4e", iteration.learning_rate));
    }
    table.Add(cells);
  }
  std::string text =
      absl::StrCat("\n## Step ", result.plan.step.number(), ": ", result.plan.row.title(), "\n\n");
  if (result.plan.step.has_note()) absl::StrAppend(&text, result.plan.step.note(), "\n\n");
  return text + table.Text();
}

}  // namespace

std::string MarkdownSummary(Results results, const std::string& command) {
  std::vector<PlannedRow> rows;
  for (const RowResult& result : results) rows.push_back(result.plan);
  return absl::StrCat("# Reported and measured\n\n", Alteration(results), Summary(results),
                      Problems(results), "\nRules:\n\n", Bullets(Rules(rows)), SourcesText(rows),
                      "\nCommand:\n\n    ", command, "\n\nMachine:\n\n",
                      Bullets(Machines(results)));
}

std::string MarkdownDetails(Results results) {
  std::string text;
  for (const RowResult& result : results) {
    if (result.plan.is_scaled) continue;  // its iterations are others
    const auto iterations = CompareIterations(result.plan.step, result.runs);
    if (!iterations.empty()) absl::StrAppend(&text, IterationTable(result, iterations));
  }
  return text;
}

}  // namespace vitrine
