#include "data/transform/policy.h"

#include <cmath>
#include <utility>

#include "data/transform/color.h"
#include "data/transform/geometry.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// What differs between the policies: magnitudes end there.
struct Ranges {
  float shear, translate_x, translate_y, rotate, enhance;
  float posterize;  // bits that are taken away
};

constexpr Ranges kWide = {0.99f, 32, 32, 135, 0.99f, 6};

Ranges RandAugmentRanges(Size picture) {
  constexpr double kPart = 150.0 / 331.0;
  return {0.3f,
          static_cast<float>(kPart * picture.width),
          static_cast<float>(kPart * picture.height),
          30,
          0.9f,
          4};
}

// torch.linspace(begin, end, bins)[bin]: each half is counted from its own end, in float32.
float Linspace(float begin, float end, int bins, int bin) {
  const float step = (end - begin) / static_cast<float>(bins - 1);
  if (bin < bins / 2) return begin + step * static_cast<float>(bin);
  return end - step * static_cast<float>(bins - bin - 1);
}

float BitsKept(float most_removed, int bins, int bin) {
  const float bins_a_bit = static_cast<float>(bins - 1) / most_removed;
  return 8 - std::nearbyint(static_cast<float>(bin) / bins_a_bit);
}

double Magnitude(const Ranges& ranges, Operation operation, int bin, int bins) {
  CHECK(bins >= 2 && bin >= 0 && bin < bins);
  switch (operation) {
    case Operation::kIdentity:
    case Operation::kAutoContrast:
    case Operation::kEqualize:
    case Operation::kInvert:
      return 0;
    case Operation::kShearX:
    case Operation::kShearY:
      return Linspace(0, ranges.shear, bins, bin);
    case Operation::kTranslateX:
      return Linspace(0, ranges.translate_x, bins, bin);
    case Operation::kTranslateY:
      return Linspace(0, ranges.translate_y, bins, bin);
    case Operation::kRotate:
      return Linspace(0, ranges.rotate, bins, bin);
    case Operation::kBrightness:
    case Operation::kColor:
    case Operation::kContrast:
    case Operation::kSharpness:
      return Linspace(0, ranges.enhance, bins, bin);
    case Operation::kPosterize:
      return BitsKept(ranges.posterize, bins, bin);
    case Operation::kSolarize:
      return Linspace(255, 0, bins, bin);
  }
  LOG(FATAL) << "no such operation";
}

Operation DrawOperation(RandomStream* random) {
  return static_cast<Operation>(random->Below(kOperations));
}

double WithDrawnSign(Operation operation, double magnitude, RandomStream* random) {
  return IsSigned(operation) && random->Below(2) == 1 ? -magnitude : magnitude;
}

}  // namespace

double RandAugmentMagnitude(Operation operation, int bin, int num_bins, Size picture) {
  return Magnitude(RandAugmentRanges(picture), operation, bin, num_bins);
}

double TrivialAugmentWideMagnitude(Operation operation, int bin, int num_bins) {
  return Magnitude(kWide, operation, bin, num_bins);
}

bool IsSigned(Operation operation) {
  return operation >= Operation::kShearX && operation <= Operation::kSharpness;
}

Augmentation DrawRandAugment(const RandAugment& config, Size picture, RandomStream* random) {
  const Operation operation = DrawOperation(random);
  const double magnitude =
      RandAugmentMagnitude(operation, config.magnitude(), config.num_bins(), picture);
  return {operation, WithDrawnSign(operation, magnitude, random)};
}

Augmentation DrawTrivialAugmentWide(const TrivialAugmentWide& config, RandomStream* random) {
  const Operation operation = DrawOperation(random);
  const auto bin = static_cast<int>(random->Below(config.num_bins()));
  const double magnitude = TrivialAugmentWideMagnitude(operation, bin, config.num_bins());
  return {operation, WithDrawnSign(operation, magnitude, random)};
}

void Augment(const Augmentation& augmentation, Image* image, Image* spare) {
  const double magnitude = augmentation.magnitude;
  switch (augmentation.operation) {
    case Operation::kIdentity:
      return;
    case Operation::kShearX:
      Affine(*image, {1, magnitude, 0, 0, 1, 0}, spare);
      return std::swap(*image, *spare);
    case Operation::kShearY:
      Affine(*image, {1, 0, 0, magnitude, 1, 0}, spare);
      return std::swap(*image, *spare);
    case Operation::kTranslateX:
      Shift(*image, static_cast<int>(magnitude), 0, spare);
      return std::swap(*image, *spare);
    case Operation::kTranslateY:
      Shift(*image, 0, static_cast<int>(magnitude), spare);
      return std::swap(*image, *spare);
    case Operation::kRotate:
      Affine(*image, Rotation(magnitude, {image->width, image->height}), spare);
      return std::swap(*image, *spare);
    case Operation::kBrightness:
      return AdjustBrightness(1 + magnitude, image);
    case Operation::kColor:
      return AdjustSaturation(1 + magnitude, image);
    case Operation::kContrast:
      return AdjustContrast(1 + magnitude, image);
    case Operation::kSharpness:
      AdjustSharpness(*image, 1 + magnitude, spare);
      return std::swap(*image, *spare);
    case Operation::kPosterize:
      return Posterize(static_cast<int>(magnitude), image);
    case Operation::kSolarize:
      return Solarize(magnitude, image);
    case Operation::kAutoContrast:
      return AutoContrast(image);
    case Operation::kEqualize:
      return Equalize(image);
    case Operation::kInvert:
      return Invert(image);
  }
}

}  // namespace vitrine
