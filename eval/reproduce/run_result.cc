#include "eval/reproduce/run_result.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/csv.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
absl::StatusOr<std::vector<LoggedIteration>> ParseMetrics(std::string text) {
  ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Parse(std::move(text)));
  ASSIGN_OR_RETURN(const auto iterations, table.Integers("iteration"));
  ASSIGN_OR_RETURN(const auto losses, table.Numbers("loss"));
  ASSIGN_OR_RETURN(const auto learning_rates, table.Numbers("learning_rate"));
  ASSIGN_OR_RETURN(const auto gradient_norms, table.Numbers("gradient_norm"));
  ASSIGN_OR_RETURN(const auto milliseconds, table.Numbers("milliseconds"));
  std::vector<LoggedIteration> logged;
  for (size_t i = 0; i < table.rows(); ++i) {
    const std::string line = absl::StrCat("line ", i + 2);
    for (const double value : {losses[i], learning_rates[i], milliseconds[i]}) {
      if (!std::isfinite(value)) return absl::DataLossError(line + ": a number is not finite");
    }
    if (iterations[i] <= (logged.empty() ? -1 : logged.back().iteration)) {
      return absl::DataLossError(line + ": iterations do not rise");
    }
    logged.push_back(
        {iterations[i], losses[i], learning_rates[i], gradient_norms[i], milliseconds[i]});
  }
  if (logged.empty()) return absl::DataLossError("no iteration is logged");
  return logged;
}

// A count that must be there.
absl::StatusOr<int64_t> Count(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_number_integer()) {
    return absl::DataLossError(absl::StrCat("no number '", key, "'"));
  }
  return value->get<int64_t>();
}

// Something that only describes the run, in words.
std::string Words(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end()) return "unknown";
  return value->is_string() ? value->get<std::string>() : CompactJson(*value);
}

std::string DescribeMachine(const Json& json) {
  return absl::StrCat(Words(json, "device"), " (", Words(json, "cpu_capability"), "), ",
                      Words(json, "threads"), " threads, libtorch ", Words(json, "libtorch"),
                      ", git revision ", Words(json, "git_revision"));
}

absl::Status ParseRecord(const std::string& text, RunResult* run) {
  const Json json = ParseJson(text);
  if (!json.is_object()) return absl::DataLossError("is not a JSON object");
  if (json.value("status", Json()) != "finished" || !json.contains("test")) {
    return absl::FailedPreconditionError("the run is not finished; --resume goes on with it");
  }
  const Json& test = json["test"];
  if (!test.is_object()) return absl::DataLossError("'test' is not an object");
  ASSIGN_OR_RETURN(run->parameters, Count(json, "parameters"));
  ASSIGN_OR_RETURN(run->test_count, Count(test, "count"));
  ASSIGN_OR_RETURN(run->test_correct, Count(test, "correct_top1"));
  if (run->test_correct < 0 || run->test_count < 1 || run->test_correct > run->test_count) {
    return absl::DataLossError(
        absl::StrCat("'test' has ", run->test_correct, " of ", run->test_count, " right"));
  }
  run->machine = DescribeMachine(json);
  return absl::OkStatus();
}

}  // namespace

const LoggedIteration* RunResult::Find(int64_t iteration) const {
  const auto row = std::lower_bound(
      logged.begin(), logged.end(), iteration,
      [](const LoggedIteration& row, int64_t number) { return row.iteration < number; });
  return row == logged.end() || row->iteration != iteration ? nullptr : &*row;
}

absl::StatusOr<RunResult> ReadRun(const fs::path& folder) {
  const fs::path record = folder / "run.json", metrics = folder / "metrics.csv";
  RunResult run;
  ASSIGN_OR_RETURN(const std::string json, ReadFile(record));
  RETURN_IF_ERROR(Annotate(ParseRecord(json, &run), record.string()));
  ASSIGN_OR_RETURN(std::string csv, ReadFile(metrics));
  ASSIGN_OR_RETURN(run.logged, Annotate(ParseMetrics(std::move(csv)), metrics.string()));
  return run;
}

}  // namespace vitrine
