#include "analysis/color_map.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace vitrine {
namespace {

struct Lab {
  double l, a, b;
};

struct Linear {
  double r, g, b;
};

// https://bottosson.github.io/posts/oklab/
Linear ToLinear(const Lab& lab) {
  const double l = std::pow(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3);
  const double m = std::pow(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3);
  const double s = std::pow(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

bool IsColor(const Linear& c) {
  return std::min({c.r, c.g, c.b}) >= 0 && std::max({c.r, c.g, c.b}) <= 1;
}

// IEC 61966-2-1.
uint8_t ToSrgb(double linear) {
  const double x = std::clamp(linear, 0.0, 1.0);
  const double encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * encoded));
}

Lab Polar(double lightness, double chroma, double hue) {
  return {lightness, chroma * std::cos(hue), chroma * std::sin(hue)};
}

// At t from 0 to 1: lightness and hue go evenly; chroma is as large as sRGB has there, up to a
// bound.
Lab CurveAt(double t) {
  constexpr double kDegree = std::numbers::pi / 180, kMostChroma = 0.17, kShare = 0.9;
  const double lightness = 0.18 + 0.76 * t;
  const double hue = (-70 + 175 * t) * kDegree;
  double low = 0, high = kMostChroma / kShare;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (IsColor(ToLinear(Polar(lightness, middle, hue))) ? low : high) = middle;
  }
  return Polar(lightness, kShare * low, hue);
}

double Distance(const Lab& a, const Lab& b) {
  return std::sqrt(std::pow(a.l - b.l, 2) + std::pow(a.a - b.a, 2) + std::pow(a.b - b.b, 2));
}

// 256 points at equal distances along the curve.
std::array<Rgb, 256> MakeTable() {
  constexpr int kSteps = 1 << 13;
  std::vector<Lab> curve;
  std::vector<double> length = {0};
  for (int i = 0; i <= kSteps; ++i) {
    curve.push_back(CurveAt(static_cast<double>(i) / kSteps));
    if (i > 0) length.push_back(length.back() + Distance(curve[i - 1], curve[i]));
  }
  std::array<Rgb, 256> table;
  for (size_t i = 0; i < table.size(); ++i) {
    const double wanted = length.back() * static_cast<double>(i) / 255;
    const auto at = std::lower_bound(length.begin(), length.end(), wanted) - length.begin();
    const Linear color = ToLinear(curve[std::min<size_t>(at, kSteps)]);
    table[i] = {ToSrgb(color.r), ToSrgb(color.g), ToSrgb(color.b)};
  }
  return table;
}

}  // namespace

Rgb MapColor(double value) {
  static const std::array<Rgb, 256> table = MakeTable();
  return table[std::lround(255 * std::clamp(value, 0.0, 1.0))];
}

}  // namespace vitrine
