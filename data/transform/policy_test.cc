#include "data/transform/policy.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "data/image/testing.h"
#include "data/transform/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr Size kPicture = {224, 224};

const std::map<std::string, Operation>& Operations() {
  static const auto* const operations = new std::map<std::string, Operation>{
      {"Identity", Operation::kIdentity},
      {"ShearX", Operation::kShearX},
      {"ShearY", Operation::kShearY},
      {"TranslateX", Operation::kTranslateX},
      {"TranslateY", Operation::kTranslateY},
      {"Rotate", Operation::kRotate},
      {"Brightness", Operation::kBrightness},
      {"Color", Operation::kColor},
      {"Contrast", Operation::kContrast},
      {"Sharpness", Operation::kSharpness},
      {"Posterize", Operation::kPosterize},
      {"Solarize", Operation::kSolarize},
      {"AutoContrast", Operation::kAutoContrast},
      {"Equalize", Operation::kEqualize},
  };
  return *operations;
}

double MagnitudeOf(const std::string& policy, Operation operation, int bin, int bins, Size size) {
  if (policy == "rand_augment") return RandAugmentMagnitude(operation, bin, bins, size);
  return TrivialAugmentWideMagnitude(operation, bin, bins);
}

// But for a rounding: torch.linspace with AVX2 counts from other places than without.
TEST(PolicyTest, MagnitudesAreThoseOfTorchvision) {
  for (const auto& key : GoldensOf("magnitudes")) {
    const int bins = static_cast<int>(Number(key[1]));
    const std::vector<std::string> sides = absl::StrSplit(key[2], 'x');
    const Size size = {static_cast<int>(Number(sides[0])), static_cast<int>(Number(sides[1]))};
    const std::string name = absl::StrJoin(key, "/");
    const at::Tensor& expected = Goldens().at("magnitudes/" + name);
    ASSERT_EQ(expected.numel(), bins);
    for (int bin = 0; bin < bins; ++bin) {
      const auto magnitude =
          static_cast<float>(MagnitudeOf(key[0], Operations().at(key[3]), bin, bins, size));
      EXPECT_FLOAT_EQ(magnitude, expected.const_data_ptr<float>()[bin]) << name << " at " << bin;
    }
  }
}

TEST(PolicyTest, OperationsGiveTheBytesOfTorchvision) {
  const Image picture = Golden("picture");
  const Size size = {picture.width, picture.height};
  for (const std::string policy : {"rand_augment", "trivial_augment_wide"}) {
    std::map<std::string, int> compared;
    for (const auto& key : GoldensOf(policy)) {
      const Operation operation = Operations().at(key[0]);
      const double magnitude =
          MagnitudeOf(policy, operation, static_cast<int>(Number(key[1])), 31, size);
      Image image = picture, spare;
      Augment({operation, key[2] == "-" ? -magnitude : magnitude}, &image, &spare);
      const std::string name = policy + "/" + absl::StrJoin(key, "/");
      EXPECT_EQ(LargestDifference(image, Golden(name)), 0) << name;
      ++compared[key[0]];
    }
    EXPECT_EQ(compared.size(), kOperations);
  }
}

TEST(PolicyTest, EachOperationIsEquallyLikelyInBoth) {
  RandomStream random(1, "policy");
  std::vector<int> rand_augment(kOperations), trivial(kOperations);
  for (int i = 0; i < 14'000; ++i) {
    ++rand_augment[static_cast<int>(DrawRandAugment({}, kPicture, &random).operation)];
    ++trivial[static_cast<int>(DrawTrivialAugmentWide({}, &random).operation)];
  }
  // 13 degrees of freedom: 34.5 is exceeded by one seed in 1,000, and this seed is fixed.
  EXPECT_LT(ChiSquare(rand_augment), 34.5);
  EXPECT_LT(ChiSquare(trivial), 34.5);
}

TEST(PolicyTest, RandAugmentHasOneMagnitudeOfBothSigns) {
  RandAugment config;
  config.set_magnitude(17);
  RandomStream random(2, "policy");
  std::vector<int> signs(2);
  for (int i = 0; i < 14'000; ++i) {
    const Augmentation drawn = DrawRandAugment(config, kPicture, &random);
    const double magnitude = RandAugmentMagnitude(drawn.operation, 17, 31, kPicture);
    if (IsSigned(drawn.operation)) {
      EXPECT_EQ(std::abs(drawn.magnitude), magnitude);
      ++signs[drawn.magnitude < 0];
    } else {
      EXPECT_EQ(drawn.magnitude, magnitude);
    }
  }
  // 1 degree of freedom: 10.8 is exceeded by one seed in 1,000, and this seed is fixed.
  EXPECT_LT(ChiSquare(signs), 10.8);
}

TEST(PolicyTest, TrivialAugmentWideDrawsEachBin) {
  RandomStream random(3, "policy");
  std::map<double, int> count;
  while (count.size() < 31 || count.rbegin()->second < 300) {
    const Augmentation drawn = DrawTrivialAugmentWide({}, &random);
    if (drawn.operation == Operation::kSolarize) ++count[drawn.magnitude];
  }
  std::vector<int> counts;
  for (const auto& [magnitude, times] : count) counts.push_back(times);
  ASSERT_EQ(counts.size(), 31);
  // 30 degrees of freedom: 59.7 is exceeded by one seed in 1,000, and this seed is fixed.
  EXPECT_LT(ChiSquare(counts), 59.7);
}

}  // namespace
}  // namespace vitrine
