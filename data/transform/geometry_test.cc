#include "data/transform/geometry.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "data/image/testing.h"
#include "data/transform/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(FlipHorizontallyTest, IsThatOfTorchvision) {
  Image picture = Golden("picture");
  FlipHorizontally(&picture);
  EXPECT_EQ(LargestDifference(picture, Golden("flip")), 0);
}

TEST(FlipHorizontallyTest, TwiceIsNothing) {
  for (const int width : {1, 2, 3, 8}) {
    const Image picture = MakePicture(width, 5);
    Image flipped = picture;
    FlipHorizontally(&flipped);
    EXPECT_EQ(LargestDifference(flipped, picture) == 0, width == 1);
    FlipHorizontally(&flipped);
    EXPECT_EQ(LargestDifference(flipped, picture), 0);
  }
}

TEST(ShiftTest, IsTorchvisionsPadAndCrop) {
  for (const auto& key : GoldensOf("pad_and_crop")) {
    const int padding = static_cast<int>(Number(key[0]));
    const std::vector<std::string> place = absl::StrSplit(key[1], ',');
    Image out;
    Shift(Golden("picture"), padding - static_cast<int>(Number(place[0])),
          padding - static_cast<int>(Number(place[1])), &out);
    EXPECT_EQ(LargestDifference(out, Golden("pad_and_crop/" + key[0] + "/" + key[1])), 0);
  }
}

TEST(ShiftTest, MovesEachWayAndOut) {
  const Image picture = MakePicture(5, 4);
  for (int right = -7; right <= 7; ++right) {
    for (int down = -6; down <= 6; ++down) {
      Image out, expected;
      Shift(picture, right, down, &out);
      Affine(picture, {1, 0, -1.0 * right, 0, 1, -1.0 * down}, &expected);
      EXPECT_EQ(LargestDifference(out, expected), 0) << right << ", " << down;
    }
  }
}

TEST(AffineTest, RotationsAreThoseOfPillow) {
  const Image picture = Golden("picture");
  for (const auto& key : GoldensOf("rotate")) {
    Image out;
    Affine(picture, Rotation(Number(key[0]), {picture.width, picture.height}), &out);
    EXPECT_EQ(LargestDifference(out, Golden("rotate/" + key[0])), 0) << key[0];
  }
}

TEST(AffineTest, FourQuartersAreAWhole) {
  const Image picture = MakePicture(16, 16);
  Image turned = picture, next;
  for (int i = 0; i < 4; ++i) {
    Affine(turned, Rotation(90, {16, 16}), &next);
    std::swap(turned, next);
    EXPECT_EQ(LargestDifference(turned, picture) == 0, i == 3);
  }
}

TEST(AffineTest, FarOutsideIsBlack) {
  const Image picture = MakePicture(9, 6);
  Image out;
  Affine(picture, {1, 0, 1e6, 0, 1, -1e6}, &out);
  EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.end(), 0), 9 * 6 * 3);
}

TEST(CopyBoxTest, IsThePixelsOfTheBox) {
  const Image picture = MakePicture(9, 6);
  Image out;
  CopyBox(picture, {2, 1, 7, 4}, &out);
  EXPECT_EQ(LargestDifference(out, Crop(picture, {2, 1, 7, 4})), 0);
}

}  // namespace
}  // namespace vitrine
