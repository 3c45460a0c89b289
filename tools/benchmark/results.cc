#include "tools/benchmark/results.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/programs/processor_count.h"
#include "eval/reproduce/report/statistics.h"

namespace vitrine {
namespace {

// The processor as it calls itself.
std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::pair<std::string_view, std::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (absl::StartsWith(parts.first, "model name")) return std::string(parts.second);
  }
  return "unknown";
}

double Nanoseconds(const Json& benchmark) {
  static const auto* units =
      new std::map<std::string, double>{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  return benchmark.at("real_time").get<double>() * units->at(benchmark.at("time_unit"));
}

// Sorted times of all repetitions, by the benchmarks' names.
using Times = std::map<std::string, std::vector<double>>;

Times TimesByName(const BenchmarkResults& results) {
  Times times;
  for (const Json& benchmark : results.at("benchmarks")) {
    times[benchmark.at("name")].push_back(Nanoseconds(benchmark));
  }
  for (auto& [name, values] : times) std::sort(values.begin(), values.end());
  return times;
}

// Empty where there are no times.
std::string Milliseconds(const std::vector<double>& sorted) {
  return sorted.empty() ? "" : absl::StrFormat("%.4g", Median(sorted) / 1e6);
}

// A line of the comparison; one of them may be empty.
std::string Row(const std::string& name, const std::vector<double>& before,
                const std::vector<double>& after) {
  std::string ratio, range;
  if (!before.empty() && !after.empty()) {
    ratio = absl::StrFormat("%.2f", Median(after) / Median(before));
    range = absl::StrFormat(" [%.2f, %.2f]", after.front() / before.back(),
                            after.back() / before.front());
  }
  return absl::StrFormat("%10s %10s %6s  %s%s\n", Milliseconds(before), Milliseconds(after), ratio,
                         name, range);
}

// A results file of other hands may lack anything.
bool IsComplete(const Json& benchmark) {
  const auto is_string = [&](const char* key) {
    return benchmark.contains(key) && benchmark[key].is_string();
  };
  static const auto* units = new std::set<std::string>{"ns", "us", "ms", "s"};
  return benchmark.is_object() && is_string("name") && is_string("time_unit") &&
         units->contains(benchmark["time_unit"].get<std::string>()) &&
         benchmark.contains("real_time") && benchmark["real_time"].is_number() &&
         benchmark["real_time"].get<double>() > 0;
}

}  // namespace

BenchmarkResults NewResults(const Json& flags) {
  return {{"machine", {{"processor", ProcessorName()}, {"threads", ProcessorCount()}}},
          {"flags", flags},
          {"benchmarks", Json::array()}};
}

absl::Status AddProgram(std::string_view program, std::string_view json,
                        BenchmarkResults* results) {
  if (json.empty()) return absl::OkStatus();
  const Json measured = ParseJson(json);
  if (!measured.is_object() || !measured.contains("benchmarks")) {
    return absl::InternalError(absl::StrCat(program, " wrote no results that can be read"));
  }
  std::vector<std::string> failed;
  for (const Json& benchmark : measured["benchmarks"]) {
    if (benchmark.value("error_occurred", false)) {
      failed.push_back(
          absl::StrCat(benchmark.value("name", ""), ": ", benchmark.value("error_message", "")));
    } else if (benchmark.value("run_type", "") == "iteration") {
      Json row = {{"program", program}};
      row.update(benchmark);
      (*results)["benchmarks"].push_back(row);
    }
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(program, ": ", absl::StrJoin(failed, "; ")));
}

absl::StatusOr<BenchmarkResults> ParseResults(std::string_view text, std::string_view source) {
  const auto error = [&](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
  };
  Json results = ParseJson(text);
  if (!results.is_object() || !results.contains("benchmarks") ||
      !results["benchmarks"].is_array()) {
    return error("is no file of //tools:benchmark --output");
  }
  for (const Json& benchmark : results["benchmarks"]) {
    if (!IsComplete(benchmark)) {
      return error(
          absl::StrCat("a benchmark lacks name, real_time or time_unit: ", CompactJson(benchmark)));
    }
  }
  return results;
}

std::string CompareResults(const BenchmarkResults& before, const BenchmarkResults& after) {
  Times a = TimesByName(before), b = TimesByName(after);
  std::string text;
  if (before.value("machine", Json()) != after.value("machine", Json())) {
    text = absl::StrFormat("The machines differ: %s and %s.\n\n",
                           CompactJson(before.value("machine", Json())),
                           CompactJson(after.value("machine", Json())));
  }
  absl::StrAppendFormat(&text, "%10s %10s %6s  %s\n", "ms before", "ms after", "ratio",
                        "benchmark [least, most ratio]");
  for (const auto& [name, times] : b) a[name];  // those that only the second file has
  for (const auto& [name, times] : a) text += Row(name, times, b[name]);
  return text;
}

}  // namespace vitrine
