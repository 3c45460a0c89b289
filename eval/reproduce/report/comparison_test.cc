#include "eval/reproduce/report/comparison.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

ReportedStep Step() {
  ReportedStep step;
  for (const int64_t iteration : {0, 100, 200}) {
    ReportedIteration* line = step.add_logged();
    line->set_iteration(iteration);
    line->set_loss(2.5);
    line->set_milliseconds(iteration == 0 ? 23087 : 38 + iteration / 100);
  }
  return step;
}

RunResult MakeRun(std::vector<LoggedIteration> logged) {
  RunResult run;
  run.logged = std::move(logged);
  return run;
}

TEST(CompareIterationsTest, MeansOverTheRunsWhereAllLogged) {
  const RunResult runs[] = {
      MakeRun({{0, 2.0, 1e-5, 7, 400}, {100, 1.5, 3e-4, 6, 300}}),
      MakeRun({{0, 3.0, 1e-5, 5, 400}, {200, 1.5, 3e-4, 6, 300}}),
  };
  const auto compared = CompareIterations(Step(), runs);
  ASSERT_THAT(compared, SizeIs(1));
  EXPECT_EQ(compared[0].reported.loss(), 2.5);
  EXPECT_DOUBLE_EQ(compared[0].loss, 2.5);
  EXPECT_DOUBLE_EQ(compared[0].learning_rate, 1e-5);
  EXPECT_DOUBLE_EQ(compared[0].gradient_norm, 6);
  EXPECT_THAT(CompareIterations(Step(), {}), IsEmpty());
}

TEST(MillisecondsTest, AMedianIsNotMovedByTheFirstIteration) {
  EXPECT_EQ(ReportedMilliseconds(Step()), 40);
  const RunResult runs[] = {
      MakeRun({{0, 2, 0, 0, 5000}, {100, 2, 0, 0, 300}, {200, 2, 0, 0, 310}}),
      MakeRun({{0, 2, 0, 0, 6000}, {100, 2, 0, 0, 320}, {200, 2, 0, 0, 330}}),
  };
  EXPECT_EQ(MeasuredMilliseconds(runs), 325);
}

TEST(MillisecondsTest, TimesThatWereNotPrintedHaveNoMedian) {
  ReportedStep step;
  step.add_logged()->set_loss(2);
  EXPECT_EQ(ReportedMilliseconds(step), std::nullopt);
}

}  // namespace
}  // namespace vitrine
