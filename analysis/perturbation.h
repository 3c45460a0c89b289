// Whether a map of relevance tells what the model relies on: patches are taken away, or put back,
// in the map's order, and the class's probability is watched (Petsiuk et al., "RISE", arXiv
// 1806.07421, section 4.3).
//
//   const PerturbationScores scores = Perturb(model, image, map, class_index, /*steps=*/16);

#ifndef ANALYSIS_PERTURBATION_H_
#define ANALYSIS_PERTURBATION_H_

#include <cstdint>
#include <span>

#include "ATen/core/Tensor.h"
#include "vit/config.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Areas under the curves of the class's probability over the share of patches changed, from 0 to 1.
struct PerturbationScores {
  double deletion = 0;  // patches vanish, the most relevant first: low is good
  double insertion =
      0;  // patches appear on an empty picture, the most relevant first: high is good
};

// `image` [1, C, H, W] is normalised, so that the mean colour, which stands for what is missing, is
// 0; `map` is float32 [rows, columns]. The patches change in so many steps, as equal as may be, at
// most one patch each. Of patches of equal relevance the first in reading order goes first.
PerturbationScores Perturb(const VisionTransformer& model, const at::Tensor& image,
                           const at::Tensor& map, int64_t class_index, int64_t steps);

// Maps to compare with, float32 [rows, columns], nowhere negative: no order at all, a function of
// seed and index; and the middle first, where photographers put things, falling evenly to the
// corners.
at::Tensor RandomMap(PatchGrid grid, uint64_t seed, int64_t index);
at::Tensor CenterMap(PatchGrid grid);

// A mean and how far it is certain.
struct Estimate {
  double mean = 0;
  double margin = 0;  // of the 95 % confidence interval, by the normal approximation
};

// Of at least two values.
Estimate MeanOfSample(std::span<const double> values);

}  // namespace vitrine

#endif  // ANALYSIS_PERTURBATION_H_
