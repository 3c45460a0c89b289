#include "analysis/page/run_data.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr char kMetrics[] =
    "iteration,loss,learning_rate,gradient_norm,milliseconds,images_per_second,data_wait,"
    "loss_scale,epoch\n"
    "0,2.5,1e-05,inf,400.5,70,0.01,1,0\n"
    "10,2.25,2e-05,7,300.25,80,0,1,0\n";
constexpr char kValidation[] =
    "iteration,split,loss,top1,top5,count\n"
    "10,minival,2.0,0.25,0.75,100\n"
    "10,minival_ema,1.5,0.5,0.75,100\n"
    "20,minival,1.0,0.5,0.75,100\n";

class RunDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    Write("config.textproto", "name: \"step4\"\n");
    Write("run.json", R"({"config": "step4", "status": "running", "seed": 0, "parameters": 9})");
    Write("metrics.csv", kMetrics);
    Write("validation.csv", kValidation);
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "a run";
};

TEST_F(RunDataTest, GivesTheFilesColumnByColumn) {
  ASSERT_OK_AND_ASSIGN(const Json run, DescribeRun(folder_));
  EXPECT_EQ(run["name"], "a run");
  EXPECT_EQ(run["record"]["status"], "running");
  EXPECT_EQ(run["iterations"], 11);
  EXPECT_EQ(run["curves"]["data_wait"], Json({{"x", {0.0, 10.0}}, {"y", {0.01, 0.0}}}));
  EXPECT_EQ(run["curves"]["gradient_norm"]["y"].dump(), "[null,7.0]");
  EXPECT_EQ(run["curves"]["loss_smoothed"]["y"], Json({2.5, 2.25}));
  EXPECT_EQ(run["medians"]["milliseconds"], 400.5);
  EXPECT_EQ(run["neighbours"], 1);
  EXPECT_EQ(run["validation"]["minival"]["loss"], Json({{"x", {10.0, 20.0}}, {"y", {2.0, 1.0}}}));
  EXPECT_EQ(run["validation"]["minival_ema"]["top1"]["y"], Json::array({0.5}));
}

TEST_F(RunDataTest, AFolderMayEndInASlash) {
  ASSERT_OK_AND_ASSIGN(const Json run, DescribeRun(folder_ / ""));
  EXPECT_EQ(run["name"], "a run");
}

TEST_F(RunDataTest, StepsComeWithWhatWasReported) {
  ASSERT_OK_AND_ASSIGN(const Json run, DescribeRun(folder_));
  EXPECT_EQ(run["reported"]["step"], 4);
  EXPECT_EQ(run["reported"]["test_accuracy"], 0.2956);
  EXPECT_EQ(run["reported"]["logged"]["loss"][0], 2.3342);
  EXPECT_EQ(run["reported"]["logged"]["learning_rate"][1], 7.9537e-04);
  EXPECT_THAT(run["command"].get<std::string>(), HasSubstr("--data_dir=DIR"));

  Write("run.json", R"({"config": "mine", "seed": 0, "parameters": 9})");
  ASSERT_OK_AND_ASSIGN(const Json other, DescribeRun(folder_));
  EXPECT_TRUE(other["reported"].is_null());
}

TEST_F(RunDataTest, TheCommandNeedsTheWeightsThatTheRunBeganWith) {
  ASSERT_OK_AND_ASSIGN(const Json scratch, DescribeRun(folder_));
  EXPECT_THAT(scratch["command"].get<std::string>(), Not(HasSubstr("--init_from")));
  Write("run.json", R"({"config": "mine", "seed": 0, "parameters": 9, "initialised_from": "/a"})");
  ASSERT_OK_AND_ASSIGN(const Json tuned, DescribeRun(folder_));
  EXPECT_THAT(tuned["command"].get<std::string>(), HasSubstr(" --init_from=WEIGHTS"));
}

TEST_F(RunDataTest, LongRunsAreThinnedWithoutLosingAPeak) {
  std::string metrics(kMetrics, std::string(kMetrics).find('\n') + 1);
  std::string validation(kValidation, std::string(kValidation).find('\n') + 1);
  for (int i = 0; i < 40'000; ++i) {
    const double loss = i == 12'345 ? 99 : i == 23'456 ? 0.125 : 1;
    absl::StrAppend(&metrics, i, ",", loss, ",1,1,", i < 20'100 ? 10 : 500, ",1,0,1,0\n");
    absl::StrAppend(&validation, i + 1, ",minival,", loss, ",0.5,0.75,100\n");
  }
  Write("metrics.csv", metrics);
  Write("validation.csv", validation);
  ASSERT_OK_AND_ASSIGN(const Json run, DescribeRun(folder_));
  EXPECT_EQ(run["neighbours"], 21);
  EXPECT_EQ(run["iterations"], 40'000) << "the last is there";
  EXPECT_EQ(run["medians"]["milliseconds"], 10) << "of all rows";
  for (const Json& curve : {run["curves"]["loss"], run["validation"]["minival"]["loss"]}) {
    const auto y = curve["y"].get<std::vector<double>>();
    EXPECT_THAT(y, AllOf(Contains(99), Contains(0.125)));
    EXPECT_LE(y.size(), 4000);
    EXPECT_EQ(curve["x"].size(), y.size());
  }
  EXPECT_LT(run.dump().size(), 1 << 20);
}

TEST_F(RunDataTest, DamageIsNamed) {
  Write("metrics.csv", absl::StrReplaceAll(kMetrics, {{"2.25", "2.2.5"}}));
  EXPECT_THAT(DescribeRun(folder_), Fails(absl::StatusCode::kDataLoss,
                                          AllOf(HasSubstr("metrics.csv"), HasSubstr("line 3"))));
  Write("metrics.csv", kMetrics);
  Write("validation.csv", "iteration,split\n");
  EXPECT_THAT(DescribeRun(folder_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("there is no column loss")));
  for (const char* record :
       {"", "[]", "{}", R"({"config": 1, "seed": 0, "parameters": 9})", R"({"config": "mine"})",
        R"({"config": "mine", "seed": 0, "parameters": 9, "test": {}})"}) {
    Write("run.json", record);
    EXPECT_THAT(DescribeRun(folder_), Fails(absl::StatusCode::kDataLoss, HasSubstr("run.json")));
  }
}

TEST_F(RunDataTest, WhatIsNoRunIsRefused) {
  EXPECT_THAT(DescribeRun(folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

}  // namespace
}  // namespace vitrine
