#include "analysis/page/curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vitrine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The places of the lowest and the highest finite value of [begin, end), the smaller place first;
// `begin` twice if there is none.
std::pair<size_t, size_t> Extremes(const std::vector<double>& values, size_t begin, size_t end) {
  size_t lowest = end, highest = end;
  for (size_t i = begin; i < end; ++i) {
    if (!std::isfinite(values[i])) continue;
    if (lowest == end || values[i] < values[lowest]) lowest = i;
    if (highest == end || values[i] > values[highest]) highest = i;
  }
  return lowest == end ? std::pair(begin, begin) : std::minmax({lowest, highest});
}

}  // namespace

size_t Neighbours(size_t points) {
  if (points <= kMostPoints) return 1;
  constexpr size_t kPairs = kMostPoints / 2 - 1;  // beside the first and the last
  return (points + kPairs - 1) / kPairs;
}

Curve Thinned(Curve curve) {
  const size_t points = curve.y.size(), neighbours = Neighbours(points);
  if (neighbours == 1) return curve;
  Curve thinned;
  const auto keep = [&](size_t i) {
    if (!thinned.x.empty() && thinned.x.back() == curve.x[i]) return;
    thinned.x.push_back(curve.x[i]);
    thinned.y.push_back(curve.y[i]);
  };
  keep(0);
  for (size_t begin = 0; begin < points; begin += neighbours) {
    const auto [first, second] = Extremes(curve.y, begin, std::min(begin + neighbours, points));
    keep(first);
    keep(second);
  }
  keep(points - 1);
  return thinned;
}

std::vector<double> Smoothed(std::span<const double> values, double span) {
  double sum = 0, weight = 0;
  std::vector<double> smoothed;
  for (const double value : values) {
    if (std::isfinite(value)) {
      sum += (value - sum) / span;
      weight += (1 - weight) / span;
    }
    smoothed.push_back(weight > 0 ? sum / weight : kNone);
  }
  return smoothed;
}

double Median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return kNone;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace vitrine
