// Policies that draw operations: RandAugment (Cubuk et al., arXiv 1909.13719) and
// TrivialAugmentWide (Müller and Hutter, arXiv 2103.10158), with the operations and ranges of
// torchvision.
//
//   const Augmentation augmentation = DrawTrivialAugmentWide(config, &random);
//   Augment(augmentation, &image, &spare);

#ifndef DATA_TRANSFORM_POLICY_H_
#define DATA_TRANSFORM_POLICY_H_

#include "base/random.h"
#include "data/image/image.h"
#include "data/transform/transform.pb.h"

namespace vitrine {

enum class Operation {
  kIdentity,
  kShearX,      // magnitude: pixels to the left for each row further down
  kShearY,      // pixels upwards for each column further right
  kTranslateX,  // pixels to the right
  kTranslateY,  // pixels down
  kRotate,      // degrees, counter-clockwise
  kBrightness,  // the factor less 1, as in the next three
  kColor,
  kContrast,
  kSharpness,
  kPosterize,     // bits that are kept
  kSolarize,      // the lowest value that is inverted
  kAutoContrast,  // none, as for kEqualize and kIdentity
  kEqualize,
  kInvert,  // none either
};
constexpr int kOperations = 14;  // that these two draw from: all but kInvert

struct Augmentation {
  Operation operation = Operation::kIdentity;
  double magnitude = 0;
};

// The magnitude at one of the bins, 0 to num_bins - 1, without a sign. Translations are in parts of
// the picture's sides. The values are torchvision's float32 ones. AutoAugment has RandAugment's.
double RandAugmentMagnitude(Operation operation, int bin, int num_bins, Size picture);
double TrivialAugmentWideMagnitude(Operation operation, int bin, int num_bins);

// Whether half of the magnitudes that are drawn are negative.
bool IsSigned(Operation operation);

// One of the config's num_ops.
Augmentation DrawRandAugment(const RandAugment& config, Size picture, RandomStream* random);

Augmentation DrawTrivialAugmentWide(const TrivialAugmentWide& config, RandomStream* random);

// The result is in `image`; `spare` is memory to work with.
void Augment(const Augmentation& augmentation, Image* image, Image* spare);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_POLICY_H_
