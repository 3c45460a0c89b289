#include "data/transform/validate.h"

#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One transform for each text.
std::vector<std::string> ProblemsOf(const std::vector<std::string>& texts) {
  TransformConfigs transforms;
  for (const std::string& text : texts) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, transforms.Add())) << text;
  }
  return TransformProblems("data.train_transforms", transforms);
}

TEST(TransformProblemsTest, DefaultsAreSound) {
  for (const std::string name :
       {"resize_and_center_crop", "random_resized_crop", "pad_and_crop", "horizontal_flip",
        "color_jitter", "rand_augment", "trivial_augment_wide", "auto_augment", "random_erasing"}) {
    EXPECT_THAT(ProblemsOf({name + " {}"}), IsEmpty());
  }
  EXPECT_THAT(ProblemsOf({}), IsEmpty());
}

TEST(TransformProblemsTest, AllAreFoundAtOnceInAllTransforms) {
  EXPECT_THAT(
      ProblemsOf({"random_resized_crop { min_area: 0 max_aspect: nan }",
                  "color_jitter { brightness: -1 hue: 0.6 }"}),
      ElementsAre("data.train_transforms[0].random_resized_crop.min_area: must be from 0.0001 to "
                  "1, is 0",
                  "data.train_transforms[0].random_resized_crop.max_aspect: must be from 0.01 to "
                  "100, is nan",
                  "data.train_transforms[1].color_jitter.brightness: must be from 0 to 100, is -1",
                  "data.train_transforms[1].color_jitter.hue: must be from 0 to 0.5, is 0.6"));
}

TEST(TransformProblemsTest, EachFieldHasBounds) {
  const std::string outside[] = {
      "resize_and_center_crop { crop_fraction: 0.05 }",
      "resize_and_center_crop { crop_fraction: 1.1 }",
      "random_resized_crop { max_area: 1.5 }",
      "random_resized_crop { min_area: 0.5 max_area: 0.4 }",
      "random_resized_crop { min_aspect: 0 }",
      "random_resized_crop { min_aspect: 2 }",
      "pad_and_crop { padding: -1 }",
      "pad_and_crop { padding: 1025 }",
      "horizontal_flip { probability: 1.5 }",
      "color_jitter { contrast: inf }",
      "color_jitter { saturation: -0.1 }",
      "rand_augment { num_ops: -1 }",
      "rand_augment { magnitude: 31 }",
      "rand_augment { magnitude: -1 }",
      "rand_augment { num_bins: 1001 }",
      "trivial_augment_wide { num_bins: 1 }",
      "random_erasing { probability: -0.1 }",
      "random_erasing { max_area: 0.01 }",
      "random_erasing { max_aspect: 101 }",
  };
  for (const std::string& text : outside) EXPECT_EQ(ProblemsOf({text}).size(), 1) << text;
}

TEST(TransformProblemsTest, ValuesAtTheBoundsAreSound) {
  const std::string within[] = {
      "resize_and_center_crop { crop_fraction: 0.1 }",
      "random_resized_crop { min_area: 1 max_area: 1 min_aspect: 1 max_aspect: 1 }",
      "pad_and_crop { padding: 0 }",
      "horizontal_flip { probability: 1 }",
      "color_jitter { hue: 0.5 }",
      "rand_augment { num_ops: 0 magnitude: 1 num_bins: 2 }",
      "random_erasing { probability: 0 min_area: 0.0001 max_area: 1 }",
  };
  for (const std::string& text : within) EXPECT_THAT(ProblemsOf({text}), IsEmpty()) << text;
}

TEST(TransformProblemsTest, MaximumBelowMinimumNamesBoth) {
  EXPECT_THAT(ProblemsOf({"random_erasing { min_area: 0.5 }"}),
              ElementsAre("data.train_transforms[0].random_erasing.max_area: must be at least "
                          "min_area 0.5, is 0.33"));
}

TEST(TransformProblemsTest, EntryMustNameATransform) {
  EXPECT_THAT(ProblemsOf({"horizontal_flip {}", ""}),
              ElementsAre("data.train_transforms[1]: must name a transform"));
}

TEST(TransformProblemsTest, SizeIsSetOnceAndFirst) {
  EXPECT_THAT(ProblemsOf({"horizontal_flip {}", "random_resized_crop {}"}),
              ElementsAre("data.train_transforms[1]: resize_and_center_crop and "
                          "random_resized_crop must come first, and only one of them"));
  EXPECT_EQ(ProblemsOf({"random_resized_crop {}", "resize_and_center_crop {}"}).size(), 1);
  EXPECT_EQ(ProblemsOf({"resize {}", "random_resized_crop {}", "random_resized_crop {}"}).size(),
            1);
}

TEST(TransformProblemsTest, ResizeIsFirstAndACropFollows) {
  const std::string crop = "random_resized_crop {}", flip = "horizontal_flip {}";
  EXPECT_THAT(ProblemsOf({"resize {}", crop, flip}), IsEmpty());
  EXPECT_THAT(ProblemsOf({"resize {}", flip}),
              ElementsAre("data.train_transforms[0]: resize must come first, and "
                          "random_resized_crop right after it"));
  EXPECT_EQ(ProblemsOf({"resize {}"}).size(), 1);
  EXPECT_EQ(ProblemsOf({"resize {}", "resize_and_center_crop {}"}).size(), 1);
  EXPECT_EQ(ProblemsOf({crop, "resize {}"}).size(), 1);
  EXPECT_EQ(ProblemsOf({"resize {}", "resize {}", crop}).size(), 3);
}

TEST(TransformProblemsTest, SizeOfResizeHasBounds) {
  for (const std::string side : {"0", "-1", "4097"}) {
    EXPECT_THAT(
        ProblemsOf({"resize { shorter_side: " + side + " }", "random_resized_crop {}"}),
        ElementsAre("data.train_transforms[0].resize.shorter_side: must be from 1 to 4096, is " +
                    side));
  }
  for (const std::string side : {"1", "4096"}) {
    EXPECT_THAT(ProblemsOf({"resize { shorter_side: " + side + " }", "random_resized_crop {}"}),
                IsEmpty());
  }
}

TEST(SetTheSizeTest, OneThatFramesOrResizesMustBeFirst) {
  const auto set_the_size = [](const std::string& text) {
    TransformConfigs transforms;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, transforms.Add()));
    return SetTheSize(transforms);
  };
  EXPECT_FALSE(SetTheSize({}));
  EXPECT_FALSE(set_the_size("horizontal_flip {}"));
  EXPECT_TRUE(set_the_size("resize {}"));
  EXPECT_TRUE(set_the_size("random_resized_crop {}"));
  EXPECT_TRUE(set_the_size("resize_and_center_crop {}"));
}

}  // namespace
}  // namespace vitrine
