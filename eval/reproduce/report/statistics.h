// Figures of several values: mean, standard deviation, median.

#ifndef EVAL_REPRODUCE_REPORT_STATISTICS_H_
#define EVAL_REPRODUCE_REPORT_STATISTICS_H_

#include <vector>

#include "absl/types/span.h"

namespace vitrine {

struct Spread {
  double mean = 0;
  double deviation = 0;  // of a sample; 0 for one value
};

// Of at least one value.
Spread SpreadOf(absl::Span<const double> values);

// The middle value, or the mean of the two in the middle. Of at least one value.
double Median(std::vector<double> values);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_STATISTICS_H_
