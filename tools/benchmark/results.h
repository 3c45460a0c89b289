// What benchmarks measured: collected from the JSON of Google Benchmark's programs, kept in a file,
// and compared with another such file.
//
//   BenchmarkResults results = NewResults(flags);
//   RETURN_IF_ERROR(AddProgram("base/files/crc32c_benchmark", json, &results));
//   std::cout << CompareResults(before, after);

#ifndef TOOLS_BENCHMARK_RESULTS_H_
#define TOOLS_BENCHMARK_RESULTS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/json.h"

namespace vitrine {

// An object with "machine", "flags" and "benchmarks", one for each repetition.
using BenchmarkResults = Json;

// None yet, with what is known of this machine. `flags` is an object.
BenchmarkResults NewResults(const Json& flags);

// Adds what a program wrote with --benchmark_out; nothing where it is empty, since no benchmark
// matched the filter. kInternal with the names of those that failed, once the others are added.
absl::Status AddProgram(std::string_view program, std::string_view json, BenchmarkResults* results);

// The results in the text of a file; errors name `source`.
absl::StatusOr<BenchmarkResults> ParseResults(std::string_view text, std::string_view source);

// A line for each benchmark with the median time of both and their ratio, and the least and the
// most ratio that single repetitions would have given.
std::string CompareResults(const BenchmarkResults& before, const BenchmarkResults& after);

}  // namespace vitrine

#endif  // TOOLS_BENCHMARK_RESULTS_H_
