#include "analysis/pictures.h"

#include <algorithm>
#include <vector>

#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "analysis/color_map.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

Image Grey(int width, int height, uint8_t value = 100) {
  Image image;
  image.Resize(width, height);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

int Light(const Image& image, int x, int y) {
  const uint8_t* const p = image.row(y) + 3 * x;
  return p[0] + p[1] + p[2];
}

TEST(OverlayTest, ThePatchThatCountsIsTheLightest) {
  at::Tensor map = at::zeros({4, 4});
  map[1][2] = 1;  // row 1, column 2
  const Image overlay = Overlay(Grey(80, 40), map, {0, 0, 80, 40});
  EXPECT_EQ(overlay.width, 80);
  EXPECT_EQ(overlay.height, 40);
  const int there = Light(overlay, 50, 15);
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 80; ++x) EXPECT_LE(Light(overlay, x, y), there + 3) << x << " " << y;
  }
  EXPECT_GT(there, Light(overlay, 10, 35) + 100);
}

TEST(OverlayTest, LiesOverWhatIsSeenAndDarkensTheRest) {
  at::Tensor map = at::zeros({2, 2});
  map[0][0] = 1;
  const Image overlay = Overlay(Grey(100, 40), map, {30, 0, 40, 40});
  EXPECT_EQ(Light(overlay, 10, 20), 3 * 30) << "not seen";
  EXPECT_EQ(Light(overlay, 90, 20), 3 * 30) << "not seen";
  EXPECT_GT(Light(overlay, 40, 10), Light(overlay, 60, 30)) << "the patch above on the left";
}

TEST(OverlayTest, AMapOfZerosIsTheDarkestColor) {
  const Image overlay = Overlay(Grey(8, 8, 0), at::zeros({2, 2}), {0, 0, 8, 8});
  const Rgb dark = MapColor(0);
  EXPECT_NEAR(overlay.row(4)[12], 0.55 * dark[0], 1);
}

TEST(ContactSheetTest, PlacesPicturesInRows) {
  const std::vector<Image> pictures = {Grey(10, 10, 0), Grey(20, 10, 50), Grey(10, 20, 90)};
  const Image sheet = ContactSheet(pictures, 2, 20);
  EXPECT_EQ(sheet.width, 2 * 24 + 4);
  EXPECT_EQ(sheet.height, 2 * 24 + 4);
  EXPECT_EQ(Light(sheet, 14, 14), 0);
  EXPECT_EQ(Light(sheet, 38, 14), 150);
  EXPECT_EQ(Light(sheet, 38, 5), 765) << "a wide one leaves room above";
  EXPECT_EQ(Light(sheet, 14, 38), 270);
  EXPECT_EQ(Light(sheet, 38, 38), 765) << "no fourth picture";
}

// So that originals need not be kept for it.
TEST(ContactSheetTest, OfFittedPicturesIsThatOfTheOriginals) {
  std::vector<Image> originals = {Grey(300, 170), Grey(33, 90)}, fitted;
  for (Image& original : originals) {
    for (size_t i = 0; i < original.pixels.size(); ++i) original.pixels[i] = i * 7 % 251;
  }
  for (const Image& original : originals) fitted.push_back(Fitted(original, 60));
  EXPECT_EQ(fitted[0].width, 60);
  EXPECT_EQ(fitted[0].height, 34);
  EXPECT_EQ(ContactSheet(fitted, 2, 60).pixels, ContactSheet(originals, 2, 60).pixels);
}

TEST(ContactSheetTest, IsNoWiderThanItsPictures) {
  EXPECT_EQ(ContactSheet(std::vector<Image>{Grey(10, 10, 0)}, 8, 20).width, 24 + 4);
}

}  // namespace
}  // namespace vitrine
