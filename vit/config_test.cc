#include "vit/config.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(ModelConfigTest, DefaultsAreGood) { EXPECT_THAT(ModelConfigProblems({}), IsEmpty()); }

TEST(ModelConfigTest, AllProblemsAreNamedAtOnce) {
  ModelConfig config;
  config.set_channels(0);
  config.set_patch_size(5);
  config.set_heads(7);
  config.set_dropout(1);
  EXPECT_THAT(ModelConfigProblems(config),
              ElementsAre(StartsWith("model.channels: must be from 1 to 1024, is 0"),
                          StartsWith("model.dropout: must be from 0 to 0.99, is 1"),
                          "model.patch_size: 5 does not divide model.image_size 28",
                          "model.heads: 7 does not divide model.width 768"));
}

TEST(ModelConfigTest, ZeroesDoNotDivide) {
  ModelConfig config;
  config.set_image_size(0);
  config.set_patch_size(0);
  config.set_heads(0);
  config.set_width(0);
  EXPECT_EQ(ModelConfigProblems(config).size(), 4);
}

TEST(ModelConfigTest, NotANumberIsAProblem) {
  ModelConfig config;
  config.set_dropout(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(ModelConfigProblems(config), ElementsAre(HasSubstr("model.dropout")));
}

TEST(ModelConfigTest, FixedPositionsNeedFourPartsOfTwo) {
  ModelConfig config;
  config.set_position_embedding(ModelConfig::SINCOS_2D);
  config.set_width(4);
  config.set_heads(1);
  EXPECT_THAT(ModelConfigProblems(config), ElementsAre(HasSubstr("multiple of 4 from 8, is 4")));
}

TEST(ModelConfigTest, DerivedSizes) {
  ModelConfig config;
  config.set_channels(3);
  config.set_register_tokens(2);
  EXPECT_EQ(PatchCount(config), 49);
  EXPECT_EQ(PatchLength(config), 48);
  EXPECT_EQ(MlpWidth(config), 3072);
  EXPECT_EQ(PrefixLength(config), 3);
  EXPECT_EQ(SequenceLength(config), 52);
  config.set_pooling(ModelConfig::MEAN);
  EXPECT_EQ(SequenceLength(config), 51);
}

}  // namespace
}  // namespace vitrine
