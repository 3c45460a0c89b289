#include "analysis/pointing.h"

#include "ATen/ops/full.h"
#include "ATen/ops/zeros.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// 4 x 4 patches of a picture of 8 x 8 pixels, all relevance in one.
at::Tensor Peak(int64_t row, int64_t column) {
  at::Tensor map = at::zeros({4, 4});
  map[row][column] = 1;
  return map;
}

TEST(PointTest, ThePatchInTheBoxIsAHitAndHasAllTheMass) {
  const PointingScores scores = Point(Peak(1, 2), {.x = 4, .y = 2, .width = 2, .height = 2}, 2);
  EXPECT_EQ(scores.hit, 1);
  EXPECT_DOUBLE_EQ(scores.mass, 1);
}

TEST(PointTest, RowsAreDownAndColumnsAcross) {
  const PointingScores scores = Point(Peak(2, 1), {.x = 4, .y = 2, .width = 2, .height = 2}, 2);
  EXPECT_EQ(scores.hit, 0);
  EXPECT_EQ(scores.mass, 0);
}

TEST(PointTest, ABoxThroughPatchesTakesTheirShare) {
  // Half of the patch across, all of it down; its middle, 3, is the first pixel outside.
  const PointingScores left = Point(Peak(0, 1), {.x = 0, .y = 0, .width = 3, .height = 8}, 2);
  EXPECT_DOUBLE_EQ(left.mass, 0.5);
  EXPECT_EQ(left.hit, 0);
  const PointingScores right = Point(Peak(0, 1), {.x = 3, .y = 0, .width = 5, .height = 8}, 2);
  EXPECT_DOUBLE_EQ(right.mass, 0.5);
  EXPECT_EQ(right.hit, 1);
  EXPECT_DOUBLE_EQ(Point(Peak(1, 1), {.x = 3, .y = 3, .width = 4, .height = 1}, 2).mass, 0.25);
}

TEST(PointTest, AFlatMapHasTheBoxesShareOfThePicture) {
  const at::Tensor flat = at::full({4, 4}, 1.0F / 16);
  EXPECT_DOUBLE_EQ(Point(flat, {.x = 1, .y = 3, .width = 5, .height = 4}, 2).mass, 20.0 / 64);
}

TEST(PointTest, OnlySharesOfTheMapCount) {
  const Box box = {.x = 1, .y = 3, .width = 5, .height = 4};
  EXPECT_DOUBLE_EQ(Point(at::full({4, 4}, 7.0F), box, 2).mass, 20.0 / 64);
}

TEST(PointTest, OfEqualsTheFirstInReadingOrderCounts) {
  const at::Tensor flat = at::full({4, 4}, 1.0F / 16);
  EXPECT_EQ(Point(flat, {.x = 0, .y = 0, .width = 2, .height = 2}, 2).hit, 1);
  EXPECT_EQ(Point(flat, {.x = 2, .y = 2, .width = 6, .height = 6}, 2).hit, 0);
}

TEST(PointTest, PicturesNeedNotBeSquare) {
  at::Tensor map = at::zeros({2, 5});
  map[1][3] = 1;
  const PointingScores scores = Point(map, {.x = 6, .y = 2, .width = 1, .height = 2}, 2);
  EXPECT_EQ(scores.hit, 0) << "the middle of the patch, 7, is the first pixel outside";
  EXPECT_DOUBLE_EQ(scores.mass, 0.5);
}

}  // namespace
}  // namespace vitrine
