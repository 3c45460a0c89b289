#include "eval/reproduce/run_result.h"

#include <cmath>
#include <fstream>

#include "absl/strings/str_replace.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace fs = std::filesystem;

constexpr char kRecord[] = R"({
  "config": "step4", "status": "finished", "device": "cpu", "cpu_capability": "AVX512",
  "threads": 2, "libtorch": "2.11.0", "git_revision": "0123abc", "parameters": 28524682,
  "test": {"count": 10000, "correct_top1": 2956, "correct_top5": 8000, "loss": 1.9}
})";

constexpr char kMetrics[] =
    "iteration,loss,learning_rate,gradient_norm,milliseconds,epoch\n"
    "0,2.5,1.2e-05,7.25,400.5,0\n"
    "100,2.25,0.000795373,inf,300.25,0\n"
    "199,2,0.0005,7,301,1\n";

class ReadRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  absl::StatusOr<RunResult> Read(const std::string& record, const std::string& metrics) const {
    // Not synced: the tests below write thousands of these.
    std::ofstream(folder_ / "run.json") << record;
    std::ofstream(folder_ / "metrics.csv") << metrics;
    return ReadRun(folder_);
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "run";
};

TEST_F(ReadRunTest, TakesWhatTheTableNeeds) {
  ASSERT_OK_AND_ASSIGN(const RunResult run, Read(kRecord, kMetrics));
  EXPECT_EQ(run.parameters, 28524682);
  EXPECT_EQ(run.accuracy(), 0.2956);
  EXPECT_EQ(run.iterations(), 200);
  EXPECT_EQ(run.machine, "cpu (AVX512), 2 threads, libtorch 2.11.0, git revision 0123abc");
  ASSERT_THAT(run.logged, SizeIs(3));
  EXPECT_EQ(run.logged[0].milliseconds, 400.5);
  ASSERT_NE(run.Find(100), nullptr);
  EXPECT_EQ(run.Find(100)->learning_rate, 0.000795373);
  EXPECT_TRUE(std::isinf(run.Find(100)->gradient_norm));
  EXPECT_EQ(run.Find(101), nullptr);
  EXPECT_EQ(run.Find(200), nullptr);
}

TEST_F(ReadRunTest, ColumnsMayMoveAndGrow) {
  ASSERT_OK_AND_ASSIGN(const RunResult run,
                       Read(kRecord,
                            "scale,milliseconds,gradient_norm,learning_rate,loss,iteration\n"
                            "65536,300,7,0.1,2.5,4\n"));
  EXPECT_EQ(run.logged[0].loss, 2.5);
  EXPECT_EQ(run.iterations(), 5);
}

TEST_F(ReadRunTest, WhatOnlyDescribesMayBeAbsent) {
  ASSERT_OK_AND_ASSIGN(const RunResult run,
                       Read(absl::StrReplaceAll(kRecord, {{"device", "gerät"}}), kMetrics));
  EXPECT_THAT(run.machine, HasSubstr("unknown (AVX512)"));
}

TEST_F(ReadRunTest, AbsentFilesAreNamed) {
  EXPECT_THAT(ReadRun(folder_), Fails(absl::StatusCode::kNotFound, HasSubstr("run.json")));
  EXPECT_OK(WriteAndSync(folder_ / "run.json", kRecord));
  EXPECT_THAT(ReadRun(folder_), Fails(absl::StatusCode::kNotFound, HasSubstr("metrics.csv")));
}

struct Damage {
  std::string from, to, message;
};

TEST_F(ReadRunTest, DamagedRecordsAreRefused) {
  const Damage damages[] = {
      {kRecord, "", "JSON"},
      {kRecord, "[]", "JSON"},
      {R"("finished")", "finished", "JSON"},
      {"28524682", "\"many\"", "parameters"},
      {"10000", "1e4", "count"},
      {"10000", "2955", "2956 of 2955"},
      {"2956", "-1", "-1 of 10000"},
      {"\"correct_top1\"", "\"correct\"", "correct_top1"},
      {R"("test": {)", R"("test": 1, "x": {)", "'test' is not an object"},
  };
  for (const Damage& damage : damages) {
    EXPECT_THAT(Read(absl::StrReplaceAll(kRecord, {{damage.from, damage.to}}), kMetrics),
                Fails(absl::StatusCode::kDataLoss,
                      AllOf(HasSubstr("run.json: "), HasSubstr(damage.message))));
  }
}

TEST_F(ReadRunTest, UnfinishedRunsAreNoResult) {
  for (const Damage& damage :
       {Damage{"\"finished\"", "\"running\"", ""}, Damage{"\"test\"", "\"minival\"", ""}}) {
    EXPECT_THAT(Read(absl::StrReplaceAll(kRecord, {{damage.from, damage.to}}), kMetrics),
                Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("not finished")));
  }
}

TEST_F(ReadRunTest, DamagedMetricsAreRefused) {
  const Damage damages[] = {
      {kMetrics, "", "does not end"},
      {kMetrics, "iteration,loss,learning_rate,gradient_norm,milliseconds\n", "no iteration"},
      {"loss", "lost", "there is no column loss"},
      {"2.25", "2.2.5", "line 3: loss is '2.2.5'"},
      {"2.25", "nan", "line 3: a number is not finite"},
      {",300.25", "", "line 3: has 5 cells, not 6"},
      {"\n100,", "\n0,", "line 3: iterations do not rise"},
      {"\n0,", "\n-1,", "line 2: iterations do not rise"},
      {"\n0,", "\n1e3,", "line 2: iteration is '1e3'"},
      {"301,1\n", "301,1", "does not end"},
      {"\n199", "\n\n199", "line 4: has 1 cells"},
  };
  for (const Damage& damage : damages) {
    EXPECT_THAT(Read(kRecord, absl::StrReplaceAll(kMetrics, {{damage.from, damage.to}})),
                Fails(absl::StatusCode::kDataLoss,
                      AllOf(HasSubstr("metrics.csv: "), HasSubstr(damage.message))))
        << damage.to;
  }
}

// A file cut at any byte is an error, or a shorter run.
TEST_F(ReadRunTest, TruncatedFilesAreRefused) {
  const std::string record = kRecord, metrics = kMetrics;
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(Read(record.substr(0, size), metrics).ok()) << size;
  }
  for (size_t size = 0; size < metrics.size(); ++size) {
    const auto run = Read(record, metrics.substr(0, size));
    // At the end of a line nothing shows the cut but the last iteration's number.
    EXPECT_TRUE(!run.ok() || run->iterations() < 200) << size;
  }
}

// Whatever byte is wrong, the reader ends with a result whose counts make sense, or an error.
TEST_F(ReadRunTest, FlippedBitsDoNoHarm) {
  const auto read = [this](std::string record, std::string metrics) {
    const auto run = Read(record, metrics);
    if (!run.ok()) return;
    EXPECT_GE(run->accuracy(), 0);
    EXPECT_LE(run->accuracy(), 1);
    EXPECT_FALSE(run->logged.empty());
  };
  for (size_t i = 0; i < sizeof(kRecord) - 1; ++i) {
    std::string record = kRecord;
    record[i] ^= 1 << (i % 8);
    read(record, kMetrics);
  }
  for (size_t i = 0; i < sizeof(kMetrics) - 1; ++i) {
    std::string metrics = kMetrics;
    metrics[i] ^= 1 << (i % 8);
    read(kRecord, metrics);
  }
}

}  // namespace
}  // namespace vitrine
