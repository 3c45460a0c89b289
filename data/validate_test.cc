#include "data/validate.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DataConfigProblemsTest, DefaultsAreSound) {
  EXPECT_THAT(DataConfigProblems(DataConfig()), IsEmpty());
}

TEST(DataConfigProblemsTest, ImageNet100CanBeNamed) {
  DataConfig config;
  config.set_source(DataConfig::IMAGENET100);
  EXPECT_THAT(DataConfigProblems(config), IsEmpty());
}

TEST(DataConfigProblemsTest, AllAreFoundAtOnce) {
  DataConfig config;
  config.set_batch_size(0);
  config.set_minival_size(-1);
  config.add_mean(std::numeric_limits<float>::infinity());
  config.add_mean(0.5f);
  config.add_std(0.0f);
  EXPECT_THAT(DataConfigProblems(config),
              ElementsAre("data.batch_size: must be positive, is 0",
                          "data.minival_size: must be 0 or more, is -1",
                          "data.mean: must be finite, is inf",
                          "data.std: must be positive and finite, is 0",
                          "data.std: must have one number for each of data.mean's 2, has 1"));
}

TEST(DataConfigProblemsTest, NotANumberIsNoStandardDeviation) {
  DataConfig config;
  config.add_mean(0.5f);
  config.add_std(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(DataConfigProblems(config),
              ElementsAre("data.std: must be positive and finite, is nan"));
}

}  // namespace
}  // namespace vitrine
