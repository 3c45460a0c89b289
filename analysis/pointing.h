// Whether a map of relevance points at the object, where it is known where that is.
//
//   const PointingScores scores = Point(map, box, /*patch_size=*/8);

#ifndef ANALYSIS_POINTING_H_
#define ANALYSIS_POINTING_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "data/image/image.h"

namespace vitrine {

struct PointingScores {
  // 1 if the middle of the most relevant patch lies in the box, else 0: the pointing game (Zhang et
  // al., "Top-down neural attention by excitation backprop", arXiv 1608.00507). Of patches of equal
  // relevance the first in reading order counts.
  double hit = 0;

  // The share of the map within the box, 0 to 1, each patch's relevance spread evenly over it (the
  // energy-based pointing game of Wang et al., "Score-CAM", arXiv 1910.01279).
  double mass = 0;
};

// `map` is float32 [rows, columns], nowhere negative and somewhere positive, of a picture of so
// many patches, which the box is a part of.
PointingScores Point(const at::Tensor& map, const Box& box, int64_t patch_size);

}  // namespace vitrine

#endif  // ANALYSIS_POINTING_H_
