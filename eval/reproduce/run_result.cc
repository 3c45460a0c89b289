#include "eval/reproduce/run_result.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Cells = std::vector<std::string_view>;

// Finds a cell by the name of its column, so that metrics.csv may grow more of them.
class Columns {
 public:
  explicit Columns(std::string_view header) : names_(absl::StrSplit(header, ',')) {}

  size_t size() const { return names_.size(); }

  template <typename T>
  absl::Status Read(const Cells& cells, std::string_view name, T* value) const {
    const size_t i = std::find(names_.begin(), names_.end(), name) - names_.begin();
    if (i == names_.size()) return absl::DataLossError(absl::StrCat("there is no column ", name));
    if (Parse(cells[i], value)) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(name, " is '", cells[i], "'"));
  }

 private:
  static bool Parse(std::string_view text, int64_t* value) { return absl::SimpleAtoi(text, value); }
  static bool Parse(std::string_view text, double* value) { return absl::SimpleAtod(text, value); }

  Cells names_;
};

absl::StatusOr<LoggedIteration> ParseRow(const Columns& columns, std::string_view line) {
  const Cells cells = absl::StrSplit(line, ',');
  if (cells.size() != columns.size()) {
    return absl::DataLossError(absl::StrCat("has ", cells.size(), " cells, not ", columns.size()));
  }
  LoggedIteration row;
  RETURN_IF_ERROR(columns.Read(cells, "iteration", &row.iteration));
  RETURN_IF_ERROR(columns.Read(cells, "loss", &row.loss));
  RETURN_IF_ERROR(columns.Read(cells, "learning_rate", &row.learning_rate));
  RETURN_IF_ERROR(columns.Read(cells, "gradient_norm", &row.gradient_norm));
  RETURN_IF_ERROR(columns.Read(cells, "milliseconds", &row.milliseconds));
  for (const double value : {row.loss, row.learning_rate, row.milliseconds}) {
    if (!std::isfinite(value)) return absl::DataLossError("a number is not finite");
  }
  return row;
}

absl::StatusOr<std::vector<LoggedIteration>> ParseMetrics(std::string_view text) {
  if (!absl::ConsumeSuffix(&text, "\n")) return absl::DataLossError("does not end with a line");
  const Cells lines = absl::StrSplit(text, '\n');
  const Columns columns(lines.front());
  std::vector<LoggedIteration> logged;
  for (size_t i = 1; i < lines.size(); ++i) {
    ASSIGN_OR_RETURN(const LoggedIteration row,
                     Annotate(ParseRow(columns, lines[i]), absl::StrCat("line ", i + 1)));
    if (row.iteration <= (logged.empty() ? -1 : logged.back().iteration)) {
      return absl::DataLossError(absl::StrCat("line ", i + 1, ": iterations do not rise"));
    }
    logged.push_back(row);
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
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::string DescribeMachine(const Json& json) {
  return absl::StrCat(Words(json, "device"), " (", Words(json, "cpu_capability"), "), ",
                      Words(json, "threads"), " threads, libtorch ", Words(json, "libtorch"),
                      ", git revision ", Words(json, "git_revision"));
}

absl::Status ParseRecord(const std::string& text, RunResult* run) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
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
  ASSIGN_OR_RETURN(const std::string csv, ReadFile(metrics));
  ASSIGN_OR_RETURN(run.logged, Annotate(ParseMetrics(csv), metrics.string()));
  return run;
}

}  // namespace vitrine
