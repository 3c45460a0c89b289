#include "train/update/autocast_type.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(AutocastTypeTest, IsThatOfThePrecision) {
  EXPECT_EQ(AutocastType(ExperimentConfig::FP32), std::nullopt);
  EXPECT_EQ(AutocastType(ExperimentConfig::BF16), at::kBFloat16);
  EXPECT_EQ(AutocastType(ExperimentConfig::FP16), at::kHalf);
  EXPECT_DEATH(AutocastType(ExperimentConfig::AUTO16), "not been settled");
}

}  // namespace
}  // namespace vitrine
