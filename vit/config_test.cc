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

TEST(ModelConfigTest, PatchesDivideBothSides) {
  ModelConfig config;
  config.set_image_width(30);
  EXPECT_THAT(ModelConfigProblems(config),
              ElementsAre("model.patch_size: 4 does not divide model.image_width 30"));
  config.set_image_width(0);
  EXPECT_THAT(ModelConfigProblems(config), ElementsAre(HasSubstr("model.image_width: must be")));
}

TEST(ModelConfigTest, HeadsReadTokensThatAreThere) {
  ModelConfig config;
  config.set_class_token(false);
  EXPECT_THAT(ModelConfigProblems(config),
              ElementsAre("model.class_token: model.pooling CLASS_TOKEN reads it"));
  config.set_pooling(ModelConfig::MEAN);
  config.set_distillation_token(true);
  config.set_position_embedding(ModelConfig::SINCOS_2D);
  EXPECT_THAT(ModelConfigProblems(config),
              ElementsAre(HasSubstr("model.pooling must be CLASS_TOKEN"),
                          HasSubstr("model.position_embedding must be LEARNED")));
}

TEST(ModelConfigTest, TokensAtTheFront) {
  ModelConfig config;
  config.set_distillation_token(true);
  config.set_register_tokens(3);
  EXPECT_EQ(PrefixLength(config), 5);
  EXPECT_EQ(PositionPrefix(config), 2);
  EXPECT_EQ(ReadTokens(config), 2);
  config.set_class_token_position(false);
  EXPECT_EQ(PositionPrefix(config), 1);
  config.set_distillation_token(false);
  config.set_pooling(ModelConfig::CLASS_AND_MEAN);
  EXPECT_EQ(ReadTokens(config), 0) << "all";
  EXPECT_EQ(HeadInputs(config), 2 * config.width());
}

TEST(ModelConfigTest, DerivedSizes) {
  ModelConfig config;
  config.set_channels(3);
  config.set_register_tokens(2);
  EXPECT_EQ(PatchGrid(config).count(), 49);
  EXPECT_EQ(PatchLength(config), 48);
  EXPECT_EQ(MlpWidth(config), 3072);
  EXPECT_EQ(PrefixLength(config), 3);
  EXPECT_EQ(SequenceLength(config), 52);
  config.set_pooling(ModelConfig::MEAN);
  EXPECT_EQ(SequenceLength(config), 51);
  config.set_image_width(12);
  EXPECT_EQ(PatchGrid(config).rows, 7);
  EXPECT_EQ(PatchGrid(config).columns, 3);
  EXPECT_EQ(SequenceLength(config), 23);
}

}  // namespace
}  // namespace vitrine
