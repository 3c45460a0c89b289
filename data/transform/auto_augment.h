// AutoAugment (Cubuk et al., arXiv 1805.09501): policies that were searched for on a data set, each
// of 25 sub-policies of two operations, with the tables and ranges of torchvision.
//
//   const AutoAugmentDraws draws = DrawAutoAugment(AutoAugment::IMAGENET, &random);
//   ApplyAutoAugment(AutoAugment::IMAGENET, draws, &image, &spare);

#ifndef DATA_TRANSFORM_AUTO_AUGMENT_H_
#define DATA_TRANSFORM_AUTO_AUGMENT_H_

#include <array>

#include "base/random.h"
#include "data/image/image.h"
#include "data/transform/transform.pb.h"

namespace vitrine {

// In every policy.
constexpr int kSubPolicies = 25;

struct AutoAugmentDraws {
  int sub_policy = 0;
  // Of its first and second operation: whether it is done at all, and with a magnitude below 0,
  // which is of no effect where magnitudes have no sign.
  std::array<bool, 2> applied = {};
  std::array<bool, 2> negative = {};
};

// Equally likely sub-policies and signs, and each operation with its probability in the policy.
AutoAugmentDraws DrawAutoAugment(AutoAugment::Policy policy, RandomStream* random);

// The result is in `image`; `spare` is memory to work with.
void ApplyAutoAugment(AutoAugment::Policy policy, const AutoAugmentDraws& draws, Image* image,
                      Image* spare);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_AUTO_AUGMENT_H_
