#include "data/transform/color.h"

#include <functional>
#include <map>
#include <string>

#include "data/image/testing.h"
#include "data/transform/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

void SharpenInPlace(double factor, Image* image) {
  const Image in = *image;
  AdjustSharpness(in, factor, image);
}

TEST(ColorTest, AdjustersGiveTheBytesOfTorchvision) {
  const std::map<std::string, std::function<void(double, Image*)>> adjusters = {
      {"brightness", AdjustBrightness},
      {"contrast", AdjustContrast},
      {"saturation", AdjustSaturation},
      {"sharpness", SharpenInPlace},
      {"hue", AdjustHue},
  };
  for (const auto& [name, adjust] : adjusters) {
    for (const auto& key : GoldensOf(name)) {
      Image picture = Golden("picture");
      adjust(Number(key[0]), &picture);
      EXPECT_EQ(LargestDifference(picture, Golden(name + "/" + key[0])), 0) << name << key[0];
    }
  }
}

// One channel of one value, one of two, one of many; the policies' tests have a picture of noise.
TEST(ColorTest, FlatChannelsAreThoseOfPillow) {
  Image stretched = Golden("flat"), equalized = stretched;
  AutoContrast(&stretched);
  EXPECT_EQ(LargestDifference(stretched, Golden("autocontrast")), 0);
  Equalize(&equalized);
  EXPECT_EQ(LargestDifference(equalized, Golden("equalize")), 0);
}

TEST(ColorTest, InvertedIsAsPillowInvertsAndTwiceTheSame) {
  const Image picture = Golden("flat");
  Image inverted = picture;
  Invert(&inverted);
  EXPECT_EQ(LargestDifference(inverted, Golden("invert")), 0);
  Invert(&inverted);
  EXPECT_EQ(LargestDifference(inverted, picture), 0);
}

TEST(ColorTest, FactorOfOneChangesNothing) {
  const Image picture = MakePicture(20, 10);
  for (const auto adjust : {AdjustBrightness, AdjustContrast, AdjustSaturation, SharpenInPlace}) {
    Image adjusted = picture;
    adjust(1, &adjusted);
    EXPECT_EQ(LargestDifference(adjusted, picture), 0);
  }
}

TEST(ColorTest, SmallPicturesHaveNothingToSmooth) {
  for (const Size size : {Size{1, 1}, Size{2, 9}, Size{9, 2}}) {
    const Image picture = MakePicture(size.width, size.height);
    Image out;
    AdjustSharpness(picture, 0, &out);
    EXPECT_EQ(LargestDifference(out, picture), 0);
  }
}

TEST(ColorTest, GreyHasNoHue) {
  Image grey = MakePicture(20, 10);
  AdjustSaturation(0, &grey);
  Image turned = grey;
  AdjustHue(0.3, &turned);
  EXPECT_EQ(LargestDifference(turned, grey), 0);
}

TEST(ColorTest, EightBitsAndNoThresholdAreWholePictures) {
  const Image picture = MakePicture(20, 10);
  Image out = picture;
  Posterize(8, &out);
  Solarize(256, &out);
  EXPECT_EQ(LargestDifference(out, picture), 0);
  Solarize(0, &out);
  Solarize(0, &out);
  EXPECT_EQ(LargestDifference(out, picture), 0);
}

}  // namespace
}  // namespace vitrine
