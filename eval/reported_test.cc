#include "eval/reported.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

const ReportedStep& Step(int number) {
  for (const ReportedStep& step : ReportedWork().steps()) {
    if (step.number() == number) return step;
  }
  ADD_FAILURE() << "no step " << number;
  return ReportedStep::default_instance();
}

TEST(ReportedTest, HasSevenStepsInOrder) {
  const ReportedResults& results = ReportedWork();
  ASSERT_EQ(results.steps_size(), 7);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(results.steps(i).number(), i + 1);
}

struct Expected {
  int step;
  int64_t iterations;
  double accuracy;
  int lines;
  double first_loss, last_loss;
  double last_milliseconds;
};

// Against the text of the report, by hand.
TEST(ReportedTest, HasTheFiguresOfTheReport) {
  const Expected table[] = {
      {1, 100, 0, 10, 2.1963953971862793, 0.8562922477722168, 0},
      {2, 1000, 0.8095, 10, 2.2685, 0.7969, 86.7596},
      {3, 1000, 0.2684, 9, 2.3094, 1.9166, 40.8957},
      {4, 1000, 0.2956, 10, 2.3342, 1.8357, 37.7097},
      {5, 10000, 0.3665, 10, 2.5523, 1.7591, 130.5749},
      {6, 10000, 0.6516, 21, 2.4279, 1.3293, 137.9173},
  };
  for (const Expected& expected : table) {
    const ReportedStep& step = Step(expected.step);
    EXPECT_EQ(step.iterations(), expected.iterations);
    EXPECT_EQ(step.test_accuracy(), expected.accuracy);
    ASSERT_EQ(step.logged_size(), expected.lines);
    EXPECT_EQ(step.logged(0).loss(), expected.first_loss);
    const ReportedIteration& last = step.logged(expected.lines - 1);
    EXPECT_EQ(last.loss(), expected.last_loss);
    EXPECT_EQ(last.milliseconds(), expected.last_milliseconds);
    EXPECT_EQ(last.iteration(), step.iterations() * (step.number() == 6 ? 99 : 90) / 100);
  }
}

TEST(ReportedTest, HasNormsAndRatesFromStep4On) {
  for (const int number : {1, 2, 3}) {
    for (const ReportedIteration& line : Step(number).logged()) {
      EXPECT_FALSE(line.has_gradient_norm() || line.has_learning_rate()) << number;
    }
  }
  EXPECT_EQ(Step(4).logged(1).learning_rate(), "7.9537e-04");
  EXPECT_EQ(Step(4).logged(1).gradient_norm(), 7.2206);
  EXPECT_EQ(Step(5).logged(3).gradient_norm(), 10.2523);
  EXPECT_EQ(Step(6).logged(10).learning_rate(), "3.9686e-04");
  EXPECT_EQ(Step(6).logged(20).gradient_norm(), 454690.4062);
}

TEST(ReportedTest, EveryLineIsWholeAndLaterThanTheOneBefore) {
  for (const ReportedStep& step : ReportedWork().steps()) {
    int64_t before = -1;
    for (const ReportedIteration& line : step.logged()) {
      EXPECT_GT(line.iteration(), before);
      EXPECT_GT(line.loss(), 0);
      EXPECT_EQ(line.has_milliseconds(), step.number() > 1);
      EXPECT_EQ(line.has_learning_rate(), step.number() > 3);
      EXPECT_EQ(line.has_gradient_norm(), step.number() > 3);
      before = line.iteration();
    }
  }
}

TEST(ReportedTest, HasWhatStep7WasReportedBy) {
  const ReportedStep& step = Step(7);
  EXPECT_EQ(step.iterations(), 400000);
  EXPECT_EQ(step.warmup_iterations(), 0.05 * 400000);
  EXPECT_EQ(step.min_train_loss(), 1.8e-05);
  EXPECT_EQ(step.best_checkpoint().iteration(), 300000);
  EXPECT_EQ(step.best_checkpoint().validation_loss(), 1.1369);
  EXPECT_EQ(step.best_checkpoint().top1(), 70.58);
  EXPECT_EQ(step.best_checkpoint().top5(), 90.42);
  ASSERT_EQ(step.averages_size(), 4);
  std::vector<double> top1, top5;
  for (const ReportedAverage& average : step.averages()) {
    top1.push_back(average.top1());
    top5.push_back(average.top5());
  }
  EXPECT_THAT(top1, ElementsAre(74.22, 74.26, 74.46, 74.42));
  EXPECT_THAT(top5, ElementsAre(91.60, 91.88, 91.52, 91.12));
}

TEST(ReportedTest, RowsHaveNamesOfTheirOwnAndAConfig) {
  std::set<std::string> names;
  for (const ReportedStep& step : ReportedWork().steps()) {
    EXPECT_GE(step.rows_size(), 1);
    for (const ReproducedRow& row : step.rows()) {
      EXPECT_TRUE(names.insert(row.name()).second) << row.name();
      EXPECT_NE(row.title(), "");
      EXPECT_NE(row.config(), "");
    }
  }
  EXPECT_EQ(names.size(), 11);
  EXPECT_THAT(Step(6).rows(1).overrides(), ElementsAre("optimizer.clip_order=UNSCALED"));
}

}  // namespace
}  // namespace vitrine
