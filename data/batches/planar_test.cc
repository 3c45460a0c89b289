#include "data/batches/planar.h"

#include <vector>

#include "data/image/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

TEST(PlanarTest, EveryPixelOfEverySizeAndBack) {
  for (const Size size : {Size{1, 1}, Size{3, 5}, Size{16, 16}, Size{17, 9}, Size{224, 3}}) {
    const Image picture = MakePicture(size.width, size.height);
    const int plane = size.width * size.height;
    std::vector<uint8_t> planes(3 * plane);
    ToPlanar(picture, 3, planes.data());
    for (int i = 0; i < plane; ++i) {
      for (int c = 0; c < 3; ++c) {
        ASSERT_EQ(planes[c * plane + i], picture.pixels[3 * i + c]) << size.width << " " << i;
      }
    }
    Image back;
    ToPicture({planes.data(), 3, size.height, size.width}, &back);
    EXPECT_EQ(LargestDifference(back, picture), 0);
  }
}

TEST(PlanarTest, GreyIsThreeEqualColoursAndTheirFirst) {
  const uint8_t grey[] = {7, 200};
  Image picture;
  ToPicture({grey, 1, 1, 2}, &picture);
  EXPECT_THAT(picture.pixels, ElementsAre(7, 7, 7, 200, 200, 200));
  std::vector<uint8_t> back(2);
  ToPlanar(picture, 1, back.data());
  EXPECT_THAT(back, ElementsAre(7, 200));
}

}  // namespace
}  // namespace vitrine
