#include "analysis/color_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

struct Cielab {
  double l, a, b;
};

double Decoded(uint8_t value) {
  const double x = value / 255.0;
  return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
}

// Another space than the map was made in: CIE 1976, D65.
Cielab ToCielab(const Rgb& rgb) {
  const double r = Decoded(rgb[0]), g = Decoded(rgb[1]), b = Decoded(rgb[2]);
  const auto f = [](double t) {
    return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  };
  const double x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const double y = f(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
  const double z = f((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

TEST(ColorMapTest, LightnessRisesAllAlong) {
  for (int i = 8; i < 256; ++i) {
    EXPECT_GT(ToCielab(MapColor(i / 255.0)).l, ToCielab(MapColor((i - 8) / 255.0)).l) << i;
  }
  EXPECT_LT(ToCielab(MapColor(0)).l, 15);
  EXPECT_GT(ToCielab(MapColor(1)).l, 88);
}

// Steps of a sixteenth, compared in CIELAB, whose own uniformity is about that good.
TEST(ColorMapTest, EqualStepsLookAlike) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (int i = 0; i < 16; ++i) {
    const Cielab a = ToCielab(MapColor(i / 16.0)), b = ToCielab(MapColor((i + 1) / 16.0));
    const double step = std::hypot(a.l - b.l, a.a - b.a, a.b - b.b);
    least = std::min(least, step);
    most = std::max(most, step);
  }
  EXPECT_LT(most / least, 2.5);
}

TEST(ColorMapTest, OutsideIsTheNearerEnd) {
  EXPECT_EQ(MapColor(-3), MapColor(0));
  EXPECT_EQ(MapColor(7), MapColor(1));
}

}  // namespace
}  // namespace vitrine
