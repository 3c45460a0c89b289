#include "data/sets/clutter.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "ATen/ops/full.h"
#include "ATen/ops/zeros.h"
#include "base/files/crc32c.h"
#include "base/status_matchers.h"
#include "data/sets/digits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

constexpr int kScenePixels = kSceneSize * kSceneSize;

// Digit i is one flat square of brightness 10 * (i + 1).
ImageSet FlatDigits(int64_t count) {
  ImageSet set = {at::zeros({count, 1, 28, 28}, at::kByte), at::zeros({count}, at::kLong)};
  for (int64_t i = 0; i < count; ++i) {
    set.images[i].fill_(10 * (i + 1));
    set.labels[i] = i;
  }
  return set;
}

const uint8_t* Pixels(const Scenes& scenes, int64_t index) {
  return scenes.set.images.const_data_ptr<uint8_t>() + index * kScenePixels;
}

TEST(ClutterTest, TheDigitIsInItsBoxAndNothingDarkerCoversIt) {
  const Scenes scenes = ScatterDigits(FlatDigits(7), /*copies=*/3, /*seed=*/1);
  ASSERT_EQ(scenes.boxes.size(), 21);
  EXPECT_THAT(scenes.set.images.sizes(), ElementsAre(21, 1, 56, 56));
  for (int64_t i = 0; i < 21; ++i) {
    const Box& box = scenes.boxes[i];
    EXPECT_EQ(Labels(scenes.set)[i], i % 7);
    ASSERT_TRUE(IsWithin(box, {kSceneSize, kSceneSize}));
    EXPECT_EQ(box.width, 14);
    for (int y = box.y; y < box.y + box.height; ++y) {
      const uint8_t* const row = Pixels(scenes, i) + y * kSceneSize + box.x;
      EXPECT_GE(*std::min_element(row, row + box.width), 10 * (i % 7 + 1));
    }
  }
}

TEST(ClutterTest, ClutterIsOutsideOfTheBoxToo) {
  const Scenes scenes = ScatterDigits(FlatDigits(9), 1, 2);
  for (int64_t i = 0; i < 9; ++i) {
    const int64_t light = std::count_if(Pixels(scenes, i), Pixels(scenes, i) + kScenePixels,
                                        [](uint8_t pixel) { return pixel > 0; });
    EXPECT_GT(light, 14 * 14);
    EXPECT_LE(light, 14 * 14 + 6 * 5 * 5);
  }
}

TEST(ClutterTest, HalvesAreMeansRoundedUp) {
  ImageSet digit = FlatDigits(1);
  digit.images.fill_(0);
  digit.images[0][0][0][0] = 10;  // one of four: 2.5
  const Scenes scenes = ScatterDigits(digit, 1, 0);
  const Box& box = scenes.boxes[0];
  EXPECT_EQ(Pixels(scenes, 0)[box.y * kSceneSize + box.x], 3);
}

TEST(ClutterTest, APictureDependsOnItsOwnDrawsAlone) {
  const ImageSet digits = FlatDigits(5);
  const Scenes once = ScatterDigits(digits, 1, 3), twice = ScatterDigits(digits, 2, 3);
  EXPECT_TRUE(twice.set.images.narrow(0, 0, 5).equal(once.set.images));
  EXPECT_FALSE(twice.set.images.narrow(0, 5, 5).equal(once.set.images));
  EXPECT_FALSE(ScatterDigits(digits, 1, 4).set.images.equal(once.set.images));
}

// Every place must be as likely, or a model could do without looking.
TEST(ClutterTest, PlacesAreUniform) {
  const Scenes scenes = ScatterDigits(FlatDigits(20), 500, 5);
  std::vector<int> across(kSceneSize - kSceneDigitSize + 1), down(across.size());
  for (const Box& box : scenes.boxes) ++across.at(box.x), ++down.at(box.y);
  const double expected = 10000.0 / static_cast<double>(across.size());
  for (const auto& counts : {across, down}) {
    double chi_square = 0;
    for (const int count : counts) chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi_square, 76);  // 42 degrees of freedom: exceeded with probability 0.001
  }
}

// Recorded: scores of different versions can be compared only if the pictures stay the same.
TEST(ClutterTest, DigitsInClutterStayTheSameForEver) {
  ASSERT_OK_AND_ASSIGN(const ImageSet digits, ReadDigits());
  const Scenes scenes = ScatterDigits(digits, 1, 0);
  const std::string_view bytes(reinterpret_cast<const char*>(Pixels(scenes, 0)),
                               scenes.set.images.numel());
  EXPECT_EQ(Crc32c(bytes), 3890131181u);
}

}  // namespace
}  // namespace vitrine
