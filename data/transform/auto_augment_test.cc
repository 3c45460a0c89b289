#include "data/transform/auto_augment.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "data/image/testing.h"
#include "data/transform/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr int kDraws = 50'000;

const std::vector<AutoAugment::Policy> kPolicies = {AutoAugment::CIFAR10, AutoAugment::IMAGENET,
                                                    AutoAugment::SVHN};

AutoAugment::Policy PolicyOf(const std::string& name) {
  AutoAugment::Policy policy = AutoAugment::CIFAR10;
  EXPECT_TRUE(AutoAugment::Policy_Parse(name, &policy)) << name;
  return policy;
}

Image Augmented(AutoAugment::Policy policy, const AutoAugmentDraws& draws, const Image& picture) {
  Image image = picture, spare;
  ApplyAutoAugment(policy, draws, &image, &spare);
  return image;
}

TEST(AutoAugmentTest, EachSubPolicyGivesTheBytesOfTorchvision) {
  const Image picture = Golden("small");
  std::vector<int> compared(kPolicies.size());
  for (const auto& key : GoldensOf("auto_augment")) {
    const AutoAugment::Policy policy = PolicyOf(key[0]);
    const bool negative = key[2] == "-";
    const AutoAugmentDraws draws = {
        static_cast<int>(Number(key[1])), {true, true}, {negative, negative}};
    const std::string name = absl::StrCat("auto_augment/", absl::StrJoin(key, "/"));
    EXPECT_EQ(LargestDifference(Augmented(policy, draws, picture), Golden(name)), 0) << name;
    compared[policy - AutoAugment::CIFAR10] += !negative;
  }
  EXPECT_EQ(compared, std::vector<int>(kPolicies.size(), kSubPolicies));
}

TEST(AutoAugmentTest, OperationsAreAppliedAloneOrNotAtAll) {
  const Image picture = Golden("small");
  // SVHN's first: a shear, then an inversion.
  const auto augmented = [&](bool first, bool second) {
    return Augmented(AutoAugment::SVHN, {0, {first, second}, {}}, picture);
  };
  const auto invert = [](Image image) {
    for (uint8_t& value : image.pixels) value = 255 - value;
    return image;
  };
  EXPECT_EQ(LargestDifference(augmented(false, false), picture), 0);
  EXPECT_EQ(LargestDifference(augmented(false, true), invert(picture)), 0);
  EXPECT_EQ(LargestDifference(augmented(true, true), invert(augmented(true, false))), 0);
  EXPECT_GT(LargestDifference(augmented(true, false), picture), 0);
}

TEST(AutoAugmentTest, SignsAreOfNoEffectOnWhatHasNone) {
  const Image picture = Golden("small");
  // ImageNet's second: a threshold, and a magnitude that is not used.
  const AutoAugmentDraws positive = {1, {true, true}, {}};
  const AutoAugmentDraws negative = {1, {true, true}, {true, true}};
  EXPECT_EQ(LargestDifference(Augmented(AutoAugment::IMAGENET, positive, picture),
                              Augmented(AutoAugment::IMAGENET, negative, picture)),
            0);
}

TEST(AutoAugmentTest, SmallestPicturesAreAugmentedToo) {
  for (const AutoAugment::Policy policy : kPolicies) {
    for (int i = 0; i < kSubPolicies; ++i) {
      const Image out = Augmented(policy, {i, {true, true}, {}}, MakePicture(1, 1));
      EXPECT_EQ(out.pixels.size(), 3);
    }
  }
}

TEST(AutoAugmentTest, SubPoliciesAndSignsAreEquallyLikely) {
  for (const AutoAugment::Policy policy : kPolicies) {
    RandomStream random(1, "auto_augment", policy);
    std::vector<int> sub_policies(kSubPolicies), signs(4);
    for (int i = 0; i < kDraws; ++i) {
      const AutoAugmentDraws draws = DrawAutoAugment(policy, &random);
      ++sub_policies[draws.sub_policy];
      ++signs[2 * draws.negative[0] + draws.negative[1]];
    }
    // 24 and 3 degrees of freedom: 51.2 and 16.3 are exceeded by one seed in 1,000, and this seed
    // is fixed.
    EXPECT_LT(ChiSquare(sub_policies), 51.2);
    EXPECT_LT(ChiSquare(signs), 16.3);
  }
}

// How often each operation of each sub-policy is applied, and both.
struct Counts {
  int drawn = 0;
  int applied[2] = {0, 0};
  int both = 0;
};

std::vector<Counts> Count(AutoAugment::Policy policy) {
  RandomStream random(2, "auto_augment", policy);
  std::vector<Counts> counts(kSubPolicies);
  for (int i = 0; i < kDraws; ++i) {
    const AutoAugmentDraws draws = DrawAutoAugment(policy, &random);
    Counts& count = counts[draws.sub_policy];
    ++count.drawn;
    for (int k = 0; k < 2; ++k) count.applied[k] += draws.applied[k];
    count.both += draws.applied[0] && draws.applied[1];
  }
  return counts;
}

void ExpectBinomial(int count, int drawn, double probability, const std::string& what) {
  // 4.5 standard deviations: one of the 225 comparisons fails for one seed in 600, and this seed is
  // fixed. Never and always are exact.
  const double deviation = std::sqrt(drawn * probability * (1 - probability));
  EXPECT_NEAR(count, drawn * probability, 4.5 * deviation + 1e-6) << what;
}

TEST(AutoAugmentTest, OperationsAreAsLikelyAsInTorchvisionAndIndependent) {
  for (const auto& key : GoldensOf("probabilities")) {
    const std::vector<Counts> counts = Count(PolicyOf(key[0]));
    const at::Tensor& tensor = Goldens().at("probabilities/" + key[0]);
    ASSERT_EQ(tensor.numel(), 2 * kSubPolicies);
    for (int i = 0; i < kSubPolicies; ++i) {
      const double* p = tensor.const_data_ptr<double>() + 2 * i;
      const auto& [drawn, applied, both] = counts[i];
      const std::string name = absl::StrCat(key[0], " ", i);
      ExpectBinomial(applied[0], drawn, p[0], name);
      ExpectBinomial(applied[1], drawn, p[1], name);
      ExpectBinomial(both, drawn, p[0] * p[1], name);
    }
  }
}

TEST(AutoAugmentTest, DrawsDependOnNothingButTheStream) {
  for (const AutoAugment::Policy policy : kPolicies) {
    for (uint64_t index = 0; index < 100; ++index) {
      RandomStream random(3, "auto_augment", index), again(3, "auto_augment", index);
      const AutoAugmentDraws draws = DrawAutoAugment(policy, &random);
      const AutoAugmentDraws same = DrawAutoAugment(policy, &again);
      EXPECT_EQ(draws.sub_policy, same.sub_policy);
      EXPECT_EQ(draws.applied, same.applied);
      EXPECT_EQ(draws.negative, same.negative);
      EXPECT_EQ(random(), again());
    }
  }
}

}  // namespace
}  // namespace vitrine
