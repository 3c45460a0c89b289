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
  config.set_test_size(-2);
  config.add_mean(std::numeric_limits<float>::infinity());
  config.add_mean(0.5f);
  config.add_std(0.0f);
  EXPECT_THAT(
      DataConfigProblems(config),
      ElementsAre("data.batch_size: must be positive, is 0",
                  "data.minival_size: must be 0 or more, is -1",
                  "data.test_size: must be 0 or more, is -2", "data.mean: must be finite, is inf",
                  "data.std: must be positive and finite, is 0",
                  "data.std: must have one number for each of data.mean's 2, has 1"));
}

TEST(DataConfigProblemsTest, OneNormalizationIsLeftOut) {
  DataConfig both, mean;
  both.set_normalization(DataConfig::IMAGENET_STATS);
  for (DataConfig* config : {&both, &mean}) {
    config->add_mean(0.5f);
    config->add_std(0.5f);
  }
  EXPECT_THAT(DataConfigProblems(both),
              ElementsAre("data.normalization: would do the same as data.mean and data.std; leave "
                          "one out"));
  EXPECT_THAT(DataConfigProblems(mean), IsEmpty());
  both.clear_mean();
  both.clear_std();
  EXPECT_THAT(DataConfigProblems(both), IsEmpty());
}

TEST(DataConfigProblemsTest, ColumnsAreForParquet) {
  DataConfig config;
  config.set_label_column("fine_label");
  EXPECT_THAT(DataConfigProblems(config),
              ElementsAre("data.image_column, data.label_column: are for "
                          "PARQUET; leave them out"));
  // A pack of it can take its place.
  for (const auto source : {DataConfig::PARQUET, DataConfig::PACKED}) {
    config.set_source(source);
    EXPECT_THAT(DataConfigProblems(config), IsEmpty());
  }
}

TEST(DataConfigProblemsTest, SubsetsAreOfEmnist) {
  DataConfig config;
  config.set_subset("letters");
  EXPECT_THAT(DataConfigProblems(config), ElementsAre("data.subset: is for EMNIST; leave it out"));
  config.set_source(DataConfig::EMNIST);
  EXPECT_THAT(DataConfigProblems(config), IsEmpty());
}

// A new source is one or the other on purpose.
TEST(MayGiveValidationTest, DataSetsOfImageFilesMay) {
  for (const auto source : {DataConfig::IMAGENET100, DataConfig::IMAGE_FOLDER, DataConfig::PARQUET,
                            DataConfig::PACKED}) {
    EXPECT_TRUE(MayGiveValidation(source));
  }
  for (const auto source : {DataConfig::DIGITS, DataConfig::DIGITS_IN_CLUTTER, DataConfig::MNIST,
                            DataConfig::EMNIST, DataConfig::CIFAR10, DataConfig::CIFAR100}) {
    EXPECT_FALSE(MayGiveValidation(source));
  }
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
