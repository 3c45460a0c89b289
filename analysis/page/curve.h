// Curves that a chart can show: long ones are thinned, without losing a peak.

#ifndef ANALYSIS_PAGE_CURVE_H_
#define ANALYSIS_PAGE_CURVE_H_

#include <cstddef>
#include <span>
#include <vector>

namespace vitrine {

// Points from left to right, as many x as y.
struct Curve {
  std::vector<double> x, y;
};

// Several for each pixel of a chart.
inline constexpr size_t kMostPoints = 4000;

// How many neighbours of so many points Thinned makes two of; 1 if it leaves them as they are.
size_t Neighbours(size_t points);

// At most kMostPoints of the points, with the first and the last: of each so many neighbours the
// one with the lowest and the one with the highest y, in their order. A y that is not finite stays
// where all of its neighbours are so too.
Curve Thinned(Curve curve);

// The mean that forgets: of each value a share of 1 / span goes in (Adam's, with its correction for
// the beginning: arXiv 1412.6980, section 3). What is not finite is passed over; NaN before the
// first that is.
std::vector<double> Smoothed(std::span<const double> values, double span);

// Of the finite values, the larger of the middle two if their number is even; NaN if there is none.
double Median(std::vector<double> values);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_CURVE_H_
