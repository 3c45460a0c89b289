#include "eval/reproduce/report/statistics.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(SpreadOfTest, OneValueDoesNotSpread) {
  EXPECT_EQ(SpreadOf({0.25}).mean, 0.25);
  EXPECT_EQ(SpreadOf({0.25}).deviation, 0);
}

TEST(SpreadOfTest, DeviationIsThatOfASample) {
  // Squares of the distances from 5: 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, over 8 - 1.
  const Spread spread = SpreadOf({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_DOUBLE_EQ(spread.mean, 5);
  EXPECT_DOUBLE_EQ(spread.deviation * spread.deviation, 32.0 / 7);
}

TEST(MedianTest, IsTheMiddleOrTheMeanOfTwo) {
  EXPECT_EQ(Median({4}), 4);
  EXPECT_EQ(Median({23087, 38, 40}), 40);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
}

TEST(StatisticsDeathTest, NothingHasNoMean) {
  EXPECT_DEATH(SpreadOf({}), "empty");
  EXPECT_DEATH(Median({}), "empty");
}

}  // namespace
}  // namespace vitrine
