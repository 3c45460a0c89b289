#include "tools/benchmark/results.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// As Google Benchmark writes it, with two repetitions and their aggregate.
constexpr char kCrc[] = R"({"context": {"num_cpus": 2}, "benchmarks": [
  {"name": "BM_Crc", "run_type": "iteration", "real_time": 2.0, "cpu_time": 1.9, "time_unit": "us"},
  {"name": "BM_Crc", "run_type": "iteration", "real_time": 4.0, "cpu_time": 3.9, "time_unit": "us"},
  {"name": "BM_Crc_mean", "run_type": "aggregate", "real_time": 3.0, "time_unit": "us"}]})";
constexpr char kStep[] = R"({"benchmarks": [
  {"name": "BM_Step", "run_type": "iteration", "real_time": 6.0, "time_unit": "ms"}]})";
constexpr char kFailed[] = R"({"benchmarks": [
  {"name": "BM_Good", "run_type": "iteration", "real_time": 6.0, "time_unit": "ms"},
  {"name": "BM_Bad", "run_type": "iteration", "error_occurred": true, "error_message": "no file",
   "real_time": 0.0, "time_unit": "ms"}]})";

BenchmarkResults Results(const std::vector<const char*>& programs) {
  BenchmarkResults results = NewResults({{"repetitions", 2}});
  for (const char* json : programs) EXPECT_OK(AddProgram("some/program", json, &results));
  return results;
}

TEST(BenchmarkResultsTest, HoldMachineFlagsAndEachRepetition) {
  const BenchmarkResults results = Results({kCrc, kStep});
  EXPECT_NE(results["machine"]["processor"], "unknown");
  EXPECT_GT(results["machine"]["threads"], 0);
  EXPECT_EQ(results["flags"]["repetitions"], 2);
  ASSERT_EQ(results["benchmarks"].size(), 3);
  EXPECT_EQ(results["benchmarks"][1]["program"], "some/program");
  EXPECT_EQ(results["benchmarks"][1]["cpu_time"], 3.9);
}

TEST(BenchmarkResultsTest, ComeBackFromTheirText) {
  const BenchmarkResults results = Results({kCrc});
  ASSERT_OK_AND_ASSIGN(const BenchmarkResults read, ParseResults(results.dump(), "a.json"));
  EXPECT_EQ(read, results);
}

TEST(BenchmarkResultsTest, ProgramWithoutMatchAddsNothing) {
  EXPECT_TRUE(Results({""})["benchmarks"].empty());
}

TEST(BenchmarkResultsTest, FailureIsNamedAndTheRestIsKept) {
  BenchmarkResults results = NewResults({});
  EXPECT_THAT(AddProgram("p", kFailed, &results),
              Fails(absl::StatusCode::kInternal, HasSubstr("p: BM_Bad: no file")));
  EXPECT_EQ(results["benchmarks"].size(), 1);
  EXPECT_THAT(AddProgram("p", "{", &results),
              Fails(absl::StatusCode::kInternal, HasSubstr("p wrote no results")));
}

TEST(BenchmarkResultsTest, ComparisonHasMediansAndRatios) {
  BenchmarkResults before = Results({kCrc}), after = before;
  after["benchmarks"][0]["real_time"] = 1.0;
  after["benchmarks"][1]["real_time"] = 2.0;
  EXPECT_THAT(CompareResults(before, after),
              AllOf(HasSubstr("    0.003     0.0015   0.50  BM_Crc [0.25, 1.00]\n"),
                    Not(HasSubstr("machines"))));
}

TEST(BenchmarkResultsTest, ComparisonShowsWhatOneFileLacks) {
  const std::string text = CompareResults(Results({kCrc}), Results({kStep}));
  EXPECT_THAT(text, AllOf(HasSubstr("BM_Crc\n"), HasSubstr("BM_Step\n")));
}

TEST(BenchmarkResultsTest, ComparisonSaysThatMachinesDiffer) {
  BenchmarkResults other = Results({kCrc});
  other["machine"]["threads"] = 1000;
  EXPECT_THAT(CompareResults(Results({kCrc}), other), HasSubstr("The machines differ"));
}

TEST(BenchmarkResultsTest, AnotherFileIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"benchmarks": 1})", R"({"benchmarks": [1]})",
        R"({"benchmarks": [{"name": "a", "real_time": "b", "time_unit": "ms"}]})",
        R"({"benchmarks": [{"name": "a", "real_time": 0, "time_unit": "ms"}]})",
        R"({"benchmarks": [{"name": "a", "real_time": 1, "time_unit": "days"}]})"}) {
    EXPECT_THAT(ParseResults(text, "a.json"),
                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("a.json: ")))
        << text;
  }
}

}  // namespace
}  // namespace vitrine
