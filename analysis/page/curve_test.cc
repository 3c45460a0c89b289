#include "analysis/page/curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Points 0, 10, 20 ... of a wave.
Curve Wave(size_t points) {
  Curve curve;
  for (size_t i = 0; i < points; ++i) {
    curve.x.push_back(10.0 * i);
    curve.y.push_back(std::sin(0.001 * i));
  }
  return curve;
}

TEST(ThinnedTest, ShortCurvesStayAsTheyAre) {
  const Curve curve = Wave(kMostPoints), thinned = Thinned(curve);
  EXPECT_EQ(thinned.x, curve.x);
  EXPECT_EQ(thinned.y, curve.y);
  EXPECT_EQ(Neighbours(kMostPoints), 1);
}

TEST(ThinnedTest, LongOnesKeepEveryPeakAndBothEnds) {
  Curve curve = Wave(400'000);
  curve.y[123'456] = 5;   // one iteration among hundreds of thousands
  curve.y[123'457] = -7;  // beside it
  curve.y[200'001] = 3;
  const Curve thinned = Thinned(curve);
  EXPECT_LE(thinned.x.size(), kMostPoints);
  EXPECT_GE(thinned.x.size(), kMostPoints / 3);
  EXPECT_THAT(thinned.y, Contains(5));
  EXPECT_THAT(thinned.y, Contains(-7));
  EXPECT_THAT(thinned.y, Contains(3));
  EXPECT_EQ(thinned.x.front(), 0);
  EXPECT_EQ(thinned.x.back(), 3'999'990);
  // What remains are points of the curve, from left to right.
  for (size_t i = 0; i < thinned.x.size(); ++i) {
    EXPECT_EQ(thinned.y[i], curve.y[static_cast<size_t>(thinned.x[i] / 10)]);
    if (i > 0) {
      EXPECT_GT(thinned.x[i], thinned.x[i - 1]);
    }
  }
}

// Whatever part of the curve one looks at, nothing in it is lower or higher than what is drawn
// there, to within two groups of neighbours.
TEST(ThinnedTest, HasTheLowestAndHighestOfAllNeighbours) {
  const Curve curve = Wave(50'000), thinned = Thinned(curve);
  const size_t neighbours = Neighbours(50'000);
  EXPECT_EQ(neighbours, 26);
  size_t at = 0;
  for (size_t begin = 0; begin < 50'000; begin += neighbours) {
    double low = kInfinity, high = -kInfinity, drawn_low = kInfinity, drawn_high = -kInfinity;
    for (size_t i = begin; i < std::min<size_t>(begin + neighbours, 50'000); ++i) {
      low = std::min(low, curve.y[i]);
      high = std::max(high, curve.y[i]);
    }
    for (; at < thinned.x.size() && thinned.x[at] < 10.0 * (begin + neighbours); ++at) {
      drawn_low = std::min(drawn_low, thinned.y[at]);
      drawn_high = std::max(drawn_high, thinned.y[at]);
    }
    ASSERT_EQ(drawn_low, low) << begin;
    ASSERT_EQ(drawn_high, high) << begin;
  }
}

TEST(ThinnedTest, WhatIsNotFiniteHidesNothing) {
  Curve curve = Wave(40'000);
  curve.y[100] = kNan;
  curve.y[101] = kInfinity;
  curve.y[102] = 9;
  for (size_t i = 20'000; i < 20'100; ++i) curve.y[i] = kNan;
  const Curve thinned = Thinned(curve);
  EXPECT_THAT(thinned.y, Contains(9));
  size_t gaps = 0;
  for (const double y : thinned.y) gaps += std::isfinite(y) ? 0 : 1;
  EXPECT_GE(gaps, 1) << "where nothing is finite the line has a gap";
  EXPECT_LE(gaps, 5);
}

TEST(SmoothedTest, IsTheMeanOfWhatWasSeen) {
  EXPECT_THAT(Smoothed(std::vector<double>{3, 3, 3}, 2), Each(3));
  EXPECT_THAT(Smoothed(std::vector<double>{kNan, 2, kNan}, 4),
              ElementsAre(::testing::IsNan(), 2, 2));
  // Weights 1/4 and 1/2 of 0 and 1, over their sum.
  EXPECT_DOUBLE_EQ(Smoothed(std::vector<double>{0, 1}, 2)[1], 2.0 / 3);
}

TEST(MedianTest, IsOfTheFiniteValues) {
  EXPECT_EQ(Median({5, kNan, 1, 3}), 3);
  EXPECT_EQ(Median({1, 2, 3, 4}), 3);
  EXPECT_TRUE(std::isnan(Median({kInfinity})));
}

}  // namespace
}  // namespace vitrine
