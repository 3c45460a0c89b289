#include "train/settings/initial_config.h"

#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/settings/config.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

ExperimentConfig Parse(const std::string& text) { return ParseConfig(text, "test").value(); }

ExperimentConfig Initial() {
  return Parse(R"(
    name: "initial"
    seed: 7
    model { width: 192 heads: 3 num_classes: 1000 dropout: 0.5 patch_norms: false }
    data {
      mean: [0.1, 0.2, 0.3] std: [1, 2, 3] batch_size: 4096
      evaluation_transforms { resize_and_center_crop { crop_fraction: 0.9 } }
    })");
}

TEST(InitialConfigTest, TheArchitectureAndPreprocessingAreTaken) {
  ExperimentConfig config = Parse(R"(name: "mine" schedule { iterations: 5 })");
  TakeArchitecture(Initial(), &config);
  EXPECT_EQ(config.name(), "mine");
  EXPECT_EQ(config.model().width(), 192);
  EXPECT_EQ(config.model().heads(), 3);
  EXPECT_FALSE(config.model().patch_norms());
  EXPECT_THAT(config.data().mean(), ElementsAre(0.1f, 0.2f, 0.3f));
  ASSERT_EQ(config.data().evaluation_transforms_size(), 1);
  ASSERT_EQ(config.data().train_transforms_size(), 1);
}

TEST(InitialConfigTest, ClassesAndTrainingAreNot) {
  ExperimentConfig config;
  TakeArchitecture(Initial(), &config);
  EXPECT_FALSE(config.model().has_num_classes());
  EXPECT_FALSE(config.model().has_dropout());
  EXPECT_FALSE(config.data().has_batch_size());
  EXPECT_FALSE(config.has_seed());
}

TEST(InitialConfigTest, WhatIsSetStays) {
  ExperimentConfig config = Parse(R"(
    model { image_size: 64 heads: 6 }
    data { normalization: IMAGENET_STATS evaluation_transforms { resize_and_center_crop {} } })");
  TakeArchitecture(Initial(), &config);
  EXPECT_EQ(config.model().image_size(), 64);
  EXPECT_EQ(config.model().heads(), 6);
  EXPECT_EQ(config.data().mean_size(), 0);
  EXPECT_EQ(config.data().evaluation_transforms(0).resize_and_center_crop().crop_fraction(), 0.875);
}

}  // namespace
}  // namespace vitrine
