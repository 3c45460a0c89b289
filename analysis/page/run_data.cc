#include "analysis/page/run_data.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files/csv.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/reported.h"
#include "eval/reproduce/report/comparison.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostPoints = 4000;  // of a curve: several for each pixel of a chart

// A number that was not finite is null.
bool HasNumbers(const Json& object, std::initializer_list<const char*> names) {
  return object.is_object() && std::all_of(names.begin(), names.end(), [&](const char* name) {
           return object.contains(name) && (object[name].is_number() || object[name].is_null());
         });
}

// Whether it has what the page shows of it, each of its type.
bool IsRecord(const Json& record) {
  if (!HasNumbers(record, {"seed", "parameters"})) return false;
  if (!record.contains("config") || !record["config"].is_string()) return false;
  for (const char* name : {"test", "test_ema", "test_swa"}) {
    if (record.contains(name) &&
        !HasNumbers(record[name], {"count", "correct_top1", "top1", "top5", "loss"})) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<Json> ReadRecord(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Json record = ParseJson(text);
  if (!IsRecord(record)) {
    return absl::DataLossError(
        absl::StrCat(path.string(), ": is not the record of a run, or is damaged"));
  }
  return record;
}

absl::StatusOr<CsvTable> ReadCsv(const fs::path& path) {
  ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  return Annotate(CsvTable::Parse(std::move(text)), path.string());
}

std::vector<double> EveryNth(const std::vector<double>& values, size_t n) {
  std::vector<double> some;
  for (size_t i = 0; i < values.size(); i += n) some.push_back(values[i]);
  return some;
}

absl::Status AddMetrics(const fs::path& path, Json* run) {
  ASSIGN_OR_RETURN(const CsvTable table, ReadCsv(path));
  const size_t every = std::max<size_t>(1, (table.rows() + kMostPoints - 1) / kMostPoints);
  Json& metrics = (*run)["metrics"] = Json::object();
  for (const char* name : {"iteration", "loss", "learning_rate", "gradient_norm", "milliseconds",
                           "images_per_second", "data_wait"}) {
    ASSIGN_OR_RETURN(const auto values, Annotate(table.Numbers(name), path.string()));
    metrics[name] = EveryNth(values, every);
  }
  (*run)["metrics_every"] = every;
  return absl::OkStatus();
}

absl::Status AddValidation(const fs::path& path, Json* run) {
  ASSIGN_OR_RETURN(const CsvTable table, ReadCsv(path));
  Json& validation = (*run)["validation"] = Json::object();
  ASSIGN_OR_RETURN(const auto splits, Annotate(table.Texts("split"), path.string()));
  for (const char* name : {"iteration", "loss", "top1"}) {
    ASSIGN_OR_RETURN(const auto values, Annotate(table.Numbers(name), path.string()));
    for (size_t i = 0; i < splits.size(); ++i) {
      validation[std::string(splits[i])][name].push_back(values[i]);
    }
  }
  return absl::OkStatus();
}

// A value that was printed, or null.
template <typename T>
Json OrNull(bool is_there, const T& value) {
  return is_there ? Json(value) : Json();
}

Json LoggedColumns(const ReportedStep& step) {
  Json columns = {
      {"iteration", Json::array()}, {"loss", Json::array()}, {"learning_rate", Json::array()}};
  for (const ReportedIteration& line : step.logged()) {
    double rate = 0;
    const bool has_rate = absl::SimpleAtod(line.learning_rate(), &rate);
    columns["iteration"].push_back(line.iteration());
    columns["loss"].push_back(OrNull(line.has_loss(), line.loss()));
    columns["learning_rate"].push_back(OrNull(has_rate, rate));
  }
  return columns;
}

// Null for a config that is no step of the reported work.
Json Reported(std::string_view config) {
  for (const ReportedStep& step : ReportedWork().steps()) {
    for (const ReproducedRow& row : step.rows()) {
      if (row.config() != config) continue;
      const auto milliseconds = ReportedMilliseconds(step);
      return {
          {"step", step.number()},
          {"test_accuracy", OrNull(step.has_test_accuracy(), step.test_accuracy())},
          {"hardware", step.hardware()},
          {"milliseconds", OrNull(milliseconds.has_value(), milliseconds.value_or(0))},
          {"parameters", OrNull(step.has_parameters_in_millions(), step.parameters_in_millions())},
          {"logged", LoggedColumns(step)}};
    }
  }
  return nullptr;
}

std::string NameOf(const fs::path& run_dir) {
  const fs::path path = fs::absolute(run_dir).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

absl::StatusOr<Json> DescribeRun(const fs::path& run_dir) {
  Json run = {{"name", NameOf(run_dir)}};
  ASSIGN_OR_RETURN(std::string config, ReadFile(run_dir / "config.textproto"));
  const bool is_embedded = config.find("source: DIGITS") != config.npos;
  run["config"] = std::move(config);
  ASSIGN_OR_RETURN(run["record"], ReadRecord(run_dir / "run.json"));
  RETURN_IF_ERROR(AddMetrics(run_dir / "metrics.csv", &run));
  RETURN_IF_ERROR(AddValidation(run_dir / "validation.csv", &run));
  run["reported"] = Reported(run["record"]["config"].get<std::string>());
  run["command"] =
      absl::StrCat("tools/bazel run //train -- --config=config.textproto --run_dir=RUN",
                   is_embedded ? "" : " --data_dir=DIR");
  return run;
}

}  // namespace vitrine
