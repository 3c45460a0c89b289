#include "analysis/page/run_data.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "analysis/page/curve.h"
#include "base/files/csv.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/reported.h"
#include "eval/reproduce/report/comparison.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr double kSpans = 40;  // smoothing is over so large a part of the rows

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

Json CurveJson(Curve curve) {
  Curve thinned = Thinned(std::move(curve));
  return {{"x", std::move(thinned.x)}, {"y", std::move(thinned.y)}};
}

absl::Status AddMetrics(const fs::path& path, Json* run) {
  ASSIGN_OR_RETURN(const CsvTable table, ReadCsv(path));
  const auto column = [&](const char* name) {
    return Annotate(table.Numbers(name), path.string());
  };
  ASSIGN_OR_RETURN(const auto numbers, Annotate(table.Integers("iteration"), path.string()));
  const std::vector<double> iterations(numbers.begin(), numbers.end());
  (*run)["iterations"] = numbers.empty() ? 0 : numbers.back() + 1;
  (*run)["neighbours"] = Neighbours(table.rows());
  Json& medians = (*run)["medians"] = Json::object();
  for (const char* name : {"milliseconds", "images_per_second", "data_wait"}) {
    ASSIGN_OR_RETURN(std::vector<double> values, column(name));
    medians[name] = Median(std::move(values));
  }
  Json& curves = (*run)["curves"] = Json::object();
  for (const char* name :
       {"loss", "learning_rate", "gradient_norm", "images_per_second", "data_wait"}) {
    ASSIGN_OR_RETURN(std::vector<double> values, column(name));
    curves[name] = CurveJson({iterations, std::move(values)});
  }
  const double span = std::max(1.0, static_cast<double>(table.rows()) / kSpans);
  for (const std::string name : {"loss", "gradient_norm"}) {
    ASSIGN_OR_RETURN(const std::vector<double> values, column(name.c_str()));
    curves[name + "_smoothed"] = CurveJson({iterations, Smoothed(values, span)});
  }
  return absl::OkStatus();
}

absl::Status AddValidation(const fs::path& path, Json* run) {
  ASSIGN_OR_RETURN(const CsvTable table, ReadCsv(path));
  ASSIGN_OR_RETURN(const auto splits, Annotate(table.Texts("split"), path.string()));
  ASSIGN_OR_RETURN(const auto iterations, Annotate(table.Numbers("iteration"), path.string()));
  Json& validation = (*run)["validation"] = Json::object();
  for (const char* name : {"loss", "top1"}) {
    ASSIGN_OR_RETURN(const auto values, Annotate(table.Numbers(name), path.string()));
    std::map<std::string_view, Curve> of_splits;
    for (size_t i = 0; i < splits.size(); ++i) {
      Curve& curve = of_splits[splits[i]];
      curve.x.push_back(iterations[i]);
      curve.y.push_back(values[i]);
    }
    for (auto& [split, curve] : of_splits) {
      validation[std::string(split)][name] = CurveJson(std::move(curve));
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
                   is_embedded ? "" : " --data_dir=DIR",
                   run["record"].contains("initialised_from") ? " --init_from=WEIGHTS" : "");
  return run;
}

}  // namespace vitrine
