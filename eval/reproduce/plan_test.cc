#include "eval/reproduce/plan.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "eval/reported.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<PlannedRow> Plan(const ReproductionRequest& request) {
  auto rows = PlanRows(ReportedWork(), request);
  EXPECT_OK(rows);
  return rows.value_or(std::vector<PlannedRow>());
}

TEST(PlanRowsTest, AsReportedARunIsItsConfigWithASeed) {
  const auto rows = Plan({.steps = "4"});
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].iterations, 1000);
  EXPECT_FALSE(rows[0].is_scaled || rows[0].is_overridden);
  ASSERT_THAT(rows[0].runs, SizeIs(1));
  EXPECT_EQ(rows[0].runs[0].folder, "step4-seed0");
  EXPECT_THAT(rows[0].runs[0].arguments,
              ElementsAre("--config=step4", "seed=0", "checkpoint.every_iterations=100",
                          "checkpoint.keep_last=1"));
}

TEST(PlanRowsTest, StepsComeInTheOrderGivenAndSeedsFromZero) {
  const auto rows = Plan({.steps = "4,1", .seeds = 2});
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].step.number(), 4);
  ASSERT_THAT(rows[1].runs, SizeIs(2));
  EXPECT_EQ(rows[1].runs[1].folder, "step1-seed1");
  EXPECT_THAT(rows[1].runs[1].arguments, Contains("seed=1"));
}

TEST(PlanRowsTest, Step1sLossWindowNeedsEveryIteration) {
  EXPECT_THAT(Plan({.steps = "1"})[0].runs[0].arguments, Contains("logging.every_iterations=1"));
}

TEST(PlanRowsTest, Step6HasARowForEachRecipe) {
  const auto rows = Plan({.steps = "6"});
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_THAT(rows[0].runs[0].arguments, Each(Not(StartsWith("optimizer."))));
  EXPECT_THAT(rows[1].runs[0].arguments, Contains("optimizer.clip_order=UNSCALED"));
  EXPECT_EQ(rows[1].runs[0].folder, "step6-unscaled-seed0");
  EXPECT_THAT(rows[2].runs[0].arguments, Contains("data.train_transforms=[]"));
}

TEST(PlanRowsTest, Step7KeepsTheCheckpointsThatWereAveraged) {
  const PlannedRow row = Plan({.steps = "7"})[0];
  EXPECT_THAT(row.runs[0].arguments, AllOf(Contains("checkpoint.every_iterations=10000"),
                                           Contains("checkpoint.keep_last=0")));
  ASSERT_THAT(row.checkpoints, SizeIs(5));
  EXPECT_EQ(row.checkpoints[0].path, "checkpoints/000300000");
  EXPECT_THAT(row.checkpoints[0].selection, IsEmpty());
  EXPECT_EQ(row.checkpoints[1].path, "averages/280k-330k");
  EXPECT_THAT(row.checkpoints[1].selection, ElementsAre("--first=280000", "--last=330001"));
  EXPECT_THAT(row.checkpoints[3].selection, ElementsAre("--first=280000", "--last=400001"));
  EXPECT_THAT(row.checkpoints[4].selection, ElementsAre("--count=5"));
  EXPECT_THAT(Plan({.steps = "6"})[0].checkpoints, IsEmpty());
}

TEST(PlanRowsTest, AScaledStep7AveragesAsMany) {
  const PlannedRow row = Plan({.steps = "7", .scale = 1e-4})[0];
  EXPECT_THAT(row.runs[0].arguments, Contains("checkpoint.every_iterations=1"));
  EXPECT_EQ(row.checkpoints[0].path, "checkpoints/000000030");
  EXPECT_THAT(row.checkpoints[1].selection, ElementsAre("--first=28", "--last=34"));
  EXPECT_THAT(row.checkpoints[2].selection, ElementsAre("--first=25", "--last=36"));
  EXPECT_THAT(row.checkpoints[3].selection, ElementsAre("--first=28", "--last=41"));
}

TEST(PlanRowsTest, TheDataSetMayBeOverridden) {
  EXPECT_EQ(Plan({.steps = "7"})[0].data, DataConfig::IMAGENET100);
  EXPECT_EQ(Plan({.steps = "7", .overrides = {"data.source=PARQUET"}})[0].data,
            DataConfig::PARQUET);
}

TEST(PlanRowsTest, OverridesComeLastAndMarkTheRow) {
  const auto rows = Plan({.steps = "1", .overrides = {"threads=1", "model.depth=1"}});
  EXPECT_TRUE(rows[0].is_overridden);
  EXPECT_EQ(rows[0].runs[0].arguments.back(), "model.depth=1");
}

struct ScaleCase {
  const char* step;
  double scale;
  int64_t iterations;
  const char* warmup;
};

TEST(PlanRowsTest, ScaleShortensWarmUpInProportionAndRunsAtLeastOneOfEach) {
  const ScaleCase cases[] = {
      {"4", 0.1, 100, "schedule.warmup_iterations=5"},
      {"4", 0.002, 2, "schedule.warmup_iterations=1"},
      {"4", 1e-9, 1, "schedule.warmup_iterations=0"},  // one iteration leaves no room for both
      {"6", 0.5, 5000, "schedule.warmup_iterations=500"},
      {"5", 0.12345, 1235, "schedule.warmup_iterations=62"},
  };
  for (const ScaleCase& c : cases) {
    const PlannedRow row = Plan({.steps = c.step, .scale = c.scale})[0];
    EXPECT_TRUE(row.is_scaled);
    EXPECT_EQ(row.iterations, c.iterations);
    EXPECT_THAT(row.runs[0].arguments,
                Contains(absl::StrCat("schedule.iterations=", c.iterations)));
    EXPECT_THAT(row.runs[0].arguments, Contains(c.warmup)) << c.step << " " << c.scale;
  }
  EXPECT_THAT(Plan({.steps = "1", .scale = 0.1})[0].runs[0].arguments,
              Each(Not(HasSubstr("warmup"))));
}

struct Mistake {
  ReproductionRequest request;
  const char* message;
};

TEST(PlanRowsTest, MistakesAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Mistake mistakes[] = {
      {{.steps = ""}, "no step ''; name some of 1,2,3,4,5,6,7"},
      {{.steps = "8"}, "no step '8'"},
      {{.steps = "1,"}, "no step ''"},
      {{.steps = "1-3"}, "no step '1-3'"},
      {{.steps = "2,1,2"}, "step 2 is named twice"},
      {{.steps = "1", .seeds = 0}, "--seeds=0"},
      {{.steps = "1", .seeds = 1001}, "--seeds=1001"},
      {{.steps = "1", .scale = 0}, "--scale=0"},
      {{.steps = "1", .scale = 1.5}, "--scale=1.5"},
      {{.steps = "1", .scale = nan}, "--scale=nan"},
      {{.steps = "7", .scale = 5e-5}, "must be at least 0.0001"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_THAT(PlanRows(ReportedWork(), mistake.request),
                Fails(absl::StatusCode::kInvalidArgument, HasSubstr(mistake.message)));
  }
}

}  // namespace
}  // namespace vitrine
