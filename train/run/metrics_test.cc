#include "train/run/metrics.h"

#include <cmath>
#include <filesystem>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/run/validation_log.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

class CsvTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }

  std::string Contents() const { return ReadFile(path_).value(); }

  const std::string path_ = ::testing::TempDir() + "/metrics.csv";
};

TEST_F(CsvTest, HeaderThenRows) {
  ASSERT_OK_AND_ASSIGN(CsvFile file, OpenMetrics(path_, 0, 10));
  ASSERT_OK(file.Append(CsvRow({.iteration = 5,
                                .loss = 2.25,
                                .learning_rate = 3e-4,
                                .gradient_norm = 7.5,
                                .milliseconds = 12.34567,
                                .images_per_second = 256,
                                .data_wait = 0.25,
                                .loss_scale = 65536,
                                .epoch = 1})));
  EXPECT_EQ(Contents(),
            "iteration,loss,learning_rate,gradient_norm,milliseconds,images_per_second,data_wait,"
            "loss_scale,epoch\n"
            "5,2.25,0.0003,7.5,12.3457,256.00,0.2500,65536,1\n");
}

TEST_F(CsvTest, FloatsKeepEveryDigit) {
  EXPECT_THAT(CsvRow({.loss = 0.1f}), HasSubstr("0.100000001"));
}

TEST_F(CsvTest, ResumedRunHasEachIterationOnce) {
  const auto row = [](int64_t iteration) { return CsvRow({.iteration = iteration}) + "\n"; };
  const std::string header = std::string(kMetricsHeader) + "\n";
  const std::string cut_off = row(30).substr(0, 8);
  ASSERT_OK(WriteAtomically(path_, header + row(0) + row(10) + row(20) + cut_off));
  ASSERT_OK_AND_ASSIGN(CsvFile file, OpenMetrics(path_, 15, 10));
  ASSERT_OK(file.Append(CsvRow({.iteration = 20, .loss = 2})));
  EXPECT_EQ(Contents(), header + row(0) + row(10) + CsvRow({.iteration = 20, .loss = 2}) + "\n");
}

TEST_F(CsvTest, LinesThatWereEditedAreDroppedAndSaidInOneLine) {
  const auto row = [](int64_t iteration) { return CsvRow({.iteration = iteration}) + "\n"; };
  const std::string header = std::string(kMetricsHeader) + "\n";
  ASSERT_OK(WriteAtomically(path_, header + row(0) + "10,2.2.5,0,0,0,0,0,1,0\n" + row(20) +
                                       "my notes\n" + row(30) + "40,1"));
  ::testing::internal::CaptureStderr();
  const absl::Status opened = OpenMetrics(path_, 100, 100).status();
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_OK(opened);
  EXPECT_EQ(Contents(), header + row(0) + row(20) + row(30));
  EXPECT_THAT(said, HasSubstr(path_ + ": line 3 is not as it was written, and 2 such lines"));
  EXPECT_EQ(said.find(path_), said.rfind(path_)) << "in one line: " << said;
}

TEST_F(CsvTest, LinesThatWereMovedOrDoubledAreDropped) {
  const auto row = [](int64_t iteration) { return CsvRow({.iteration = iteration}) + "\n"; };
  const std::string header = std::string(kMetricsHeader) + "\n";
  ASSERT_OK(WriteAtomically(path_, header + row(0) + row(20) + row(10) + row(20) + row(30)));
  ::testing::internal::CaptureStderr();
  EXPECT_OK(OpenMetrics(path_, 100, 100));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("line 4 is not as it was written, and 2 such lines"));
  EXPECT_EQ(Contents(), header + row(0) + row(20) + row(30));
}

TEST_F(CsvTest, LinesThatAreGoneAreCounted) {
  const auto row = [](int64_t iteration) { return CsvRow({.iteration = iteration}) + "\n"; };
  const std::string header = std::string(kMetricsHeader) + "\n";
  const auto said = [&](int64_t iteration) {
    ::testing::internal::CaptureStderr();
    EXPECT_OK(OpenMetrics(path_, iteration, 10));
    return ::testing::internal::GetCapturedStderr();
  };
  ASSERT_OK(WriteAtomically(path_, header + row(0) + row(20)));
  EXPECT_THAT(said(21), HasSubstr(path_ + ": has 2 of the 3 lines that the run wrote"));
  EXPECT_THAT(said(20), HasSubstr("has 1 of the 2 lines"));
  EXPECT_EQ(said(10), "");
  std::filesystem::remove(path_);
  EXPECT_THAT(said(1), HasSubstr("has 0 of the 1 lines"));
  ASSERT_OK(WriteAtomically(path_, "my notes"));
  EXPECT_THAT(said(0), HasSubstr("line 1 is not as it was written"));
  ASSERT_OK(WriteAtomically(path_, header.substr(0, 5)));
  EXPECT_EQ(said(0), "") << "killed as it began";
}

// Nothing is lost that a spreadsheet has saved.
TEST_F(CsvTest, LinesMayEndAsOnWindows) {
  const std::string row = CsvRow({.iteration = 10});
  ASSERT_OK(WriteAtomically(path_, std::string(kMetricsHeader) + "\r\n" + row + "\r\n"));
  ::testing::internal::CaptureStderr();
  EXPECT_OK(OpenMetrics(path_, 100, 100));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(Contents(), std::string(kMetricsHeader) + "\n" + row + "\n");
}

TEST_F(CsvTest, OfWhatAKilledRunLeftNothingIsSaid) {
  const std::string header = std::string(kMetricsHeader) + "\n";
  ::testing::internal::CaptureStderr();
  EXPECT_OK(OpenMetrics(path_, 0, 10));
  EXPECT_OK(WriteAtomically(path_, header + CsvRow({.loss = NAN}) + "\n10,2"));
  EXPECT_OK(OpenMetrics(path_, 10, 10));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(Contents(), HasSubstr("\n0,nan,"));
}

TEST_F(CsvTest, ValidationKeepsItsIterationAndDropsTest) {
  const std::string kept = "iteration,split,loss,top1,top5,count\n100,minival,1,0.5,1,10\n";
  ASSERT_OK(WriteAtomically(path_, kept + "100,test,1,0.5,1,10\n200,minival,1,0.5,1,10\n"));
  ASSERT_OK(OpenValidationLog(path_, 100));
  EXPECT_EQ(Contents(), kept);
}

TEST_F(CsvTest, UnwritableFolderIsAnError) {
  EXPECT_THAT(OpenMetrics("/proc/metrics.csv", 0, 1), ::testing::Not(IsOk()));
}

}  // namespace
}  // namespace vitrine
