#include "train/metrics.h"

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/validation_log.h"

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
  ASSERT_OK_AND_ASSIGN(CsvFile file, OpenMetrics(path_, 0));
  ASSERT_OK(file.Append(CsvRow({0, 2.25, 3e-4, 7.5, 12.34567, 0})));
  EXPECT_EQ(Contents(),
            "iteration,loss,learning_rate,gradient_norm,milliseconds,epoch\n"
            "0,2.25,0.0003,7.5,12.3457,0\n");
}

TEST_F(CsvTest, FloatsKeepEveryDigit) {
  EXPECT_THAT(CsvRow({0, 0.1f, 0, 0, 0, 0}), HasSubstr("0.100000001"));
}

TEST_F(CsvTest, ResumedRunHasEachIterationOnce) {
  ASSERT_OK(WriteAtomically(path_, std::string(kMetricsHeader) + "\n0,1,1,1,1,0\n10,1,1,1,1,0\n"
                                                                 "20,1,1,1,1,0\n30,1,1"));
  ASSERT_OK_AND_ASSIGN(CsvFile file, OpenMetrics(path_, 15));
  ASSERT_OK(file.Append("20,2,2,2,2,0"));
  EXPECT_EQ(Contents(),
            std::string(kMetricsHeader) + "\n0,1,1,1,1,0\n10,1,1,1,1,0\n20,2,2,2,2,0\n");
}

TEST_F(CsvTest, ValidationKeepsItsIterationAndDropsTest) {
  const std::string kept = "iteration,split,loss,top1,top5,count\n100,minival,1,0.5,1,10\n";
  ASSERT_OK(WriteAtomically(path_, kept + "100,test,1,0.5,1,10\n200,minival,1,0.5,1,10\n"));
  ASSERT_OK(OpenValidationLog(path_, 100));
  EXPECT_EQ(Contents(), kept);
}

TEST_F(CsvTest, UnwritableFolderIsAnError) {
  EXPECT_THAT(OpenMetrics("/proc/metrics.csv", 0), ::testing::Not(IsOk()));
}

}  // namespace
}  // namespace vitrine
