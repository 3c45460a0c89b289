// Runs every micro-benchmark of the project and keeps what they measured, or compares two such
// files.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/list_flag.h"
#include "base/programs/process.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "tools/benchmark/results.h"

DEFINE_string(output, "", "a file for the results, in JSON");
DEFINE_string(compare, "", "two such files, the earlier one first: A,B");
DEFINE_string(filter, ".", "run the benchmarks whose names have this regular expression in them");
DEFINE_int32(repetitions, 3, "of each benchmark");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //tools:benchmark -- (--output=F [--filter=REGEX] | --compare=A,B)\n"
    "Runs every micro-benchmark, or compares two runs.";

absl::Status CheckFlags() {
  if (FLAGS_output.empty() == FLAGS_compare.empty()) {
    return UsageError("needs --output=F to run the benchmarks, or --compare=A,B");
  }
  if (FLAGS_repetitions < 1) return UsageError("--repetitions: must be at least 1");
  return absl::OkStatus();
}

absl::Status Compare() {
  ASSIGN_OR_RETURN(const auto names, SplitListFlag("--compare", FLAGS_compare));
  if (names.size() != 2) return UsageError("--compare: needs two files, as in A,B");
  std::vector<BenchmarkResults> results;
  for (const std::string_view name : names) {
    ASSIGN_OR_RETURN(const std::string text, AsUsageError(ReadFile(UserPath(name))));
    ASSIGN_OR_RETURN(results.emplace_back(), AsUsageError(ParseResults(text, name)));
  }
  std::cout << CompareResults(results[0], results[1]);
  return absl::OkStatus();
}

// What the program wrote as its results, which pass through the file `scratch`.
absl::StatusOr<std::string> RunBenchmarks(const std::string& program, const fs::path& scratch) {
  const std::vector<std::string> command = {
      program,
      absl::StrCat("--benchmark_filter=", FLAGS_filter),
      absl::StrCat("--benchmark_repetitions=", FLAGS_repetitions),
      "--benchmark_display_aggregates_only=true",
      absl::StrCat("--benchmark_out=", scratch.string()),
      "--benchmark_out_format=json"};
  ASSIGN_OR_RETURN(const ProcessResult result, RunProcess(command, Capture::kNothing));
  if (result.exit_status != 0) {
    return absl::InternalError(absl::StrCat(program, " ended with ", result.exit_status));
  }
  return ReadFile(scratch);
}

// Before the benchmarks, which take an hour.
absl::Status CheckWritable(const fs::path& output) {
  const fs::path folder = output.has_parent_path() ? output.parent_path() : ".";
  if (access(folder.c_str(), W_OK) == 0) return absl::OkStatus();
  return UsageError(
      absl::StrCat("--output: cannot write into ", folder.string(), ": ", std::strerror(errno)));
}

absl::Status RunAll(const std::vector<std::string>& programs) {
  if (programs.empty()) return UsageError("no programs; bazel run //tools:benchmark names them");
  const fs::path output = UserPath(FLAGS_output);
  RETURN_IF_ERROR(CheckWritable(output));
  const fs::path scratch = absl::StrCat(output.string(), ".part");
  BenchmarkResults results =
      NewResults({{"filter", FLAGS_filter}, {"repetitions", FLAGS_repetitions}});
  absl::Status status;
  for (const std::string& program : programs) {
    std::cout << "\n" << program << std::endl;
    const auto json = RunBenchmarks(program, scratch);
    status.Update(json.ok() ? AddProgram(program, *json, &results) : json.status());
  }
  std::error_code ignored;
  fs::remove(scratch, ignored);
  if (results["benchmarks"].empty()) {
    status.Update(UsageError(absl::StrCat("--filter: no benchmark has \"", FLAGS_filter, "\"")));
    return status;
  }
  RETURN_IF_ERROR(WriteAtomically(output, results.dump(1) + "\n"));
  std::cout << "\n" << output.string() << std::endl;
  return status;
}

// The arguments are the programs, which the BUILD file names.
absl::Status Run(const std::vector<std::string>& programs) {
  RETURN_IF_ERROR(CheckFlags());
  return FLAGS_compare.empty() ? RunAll(programs) : Compare();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
