#include "train/update/parameter_rules.h"

#include <string>
#include <vector>

#include "ATen/ops/empty.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<NamedParameter> Some() {
  std::vector<NamedParameter> parameters;
  for (const char* name : {"patch_embedding.projection.weight", "class_token", "position_embedding",
                           "blocks.0.mlp.hidden.weight", "blocks.10.mlp.hidden.weight",
                           "final_norm.weight", "head.weight", "distillation_head.bias"}) {
    parameters.push_back({name, at::empty({1})});
  }
  return parameters;
}

absl::StatusOr<std::vector<std::string>> TrainedNames(const std::vector<std::string>& frozen) {
  OptimizerConfig config;
  for (const std::string& pattern : frozen) config.add_frozen(pattern);
  const auto trained = Trained(config, Some());
  if (!trained.ok()) return trained.status();
  std::vector<std::string> names;
  for (const NamedParameter& parameter : *trained) names.push_back(parameter.name);
  return names;
}

TEST(ParameterRulesTest, PatternsFreeze) {
  EXPECT_THAT(TrainedNames({})->size(), 8);
  EXPECT_THAT(*TrainedNames({"*", "!head.*"}), ElementsAre("head.weight"));
  EXPECT_THAT(*TrainedNames({"*", "!*head.*", "distillation_head.bias"}),
              ElementsAre("head.weight"));
  EXPECT_THAT(*TrainedNames({"blocks.*", "*_*"}), ElementsAre("head.weight"));
  EXPECT_THAT(*TrainedNames({"*", "!blocks.1*.weight"}),
              ElementsAre("blocks.10.mlp.hidden.weight"));
}

TEST(ParameterRulesTest, PatternsThatDoNothingAreRefused) {
  EXPECT_THAT(TrainedNames({"block.*"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("optimizer.frozen: no parameter is named 'block.*'")));
  EXPECT_THAT(TrainedNames({"*"}), Fails(absl::StatusCode::kInvalidArgument,
                                         "optimizer.frozen: no parameter is left to train"));
}

// 12 blocks: layer 0 is the embedding, 13 the head.
TEST(ParameterRulesTest, LearningRatesFallFromTheHeadDown) {
  OptimizerConfig config;
  const auto factors = [&] {
    std::vector<double> values;
    for (const NamedParameter& parameter : Some()) {
      values.push_back(LearningRateFactor(config, parameter.name, /*depth=*/12));
    }
    return values;
  };
  EXPECT_THAT(factors(), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1));
  config.set_layer_decay(0.5);
  config.set_head_learning_rate_factor(10);
  EXPECT_THAT(factors(), ElementsAre(0x1p-13, 0x1p-13, 0x1p-13, 0x1p-12, 0x1p-2, 1, 10, 10));
}

TEST(IsDecayedTest, LinearWeightsByName) {
  const auto rule = OptimizerConfig::LINEAR_WEIGHTS;
  EXPECT_TRUE(IsDecayed(rule, "blocks.0.mlp.hidden.weight", 2));
  EXPECT_FALSE(IsDecayed(rule, "blocks.0.mlp.hidden.bias", 1));
  EXPECT_FALSE(IsDecayed(rule, "final_norm.weight", 1));
  EXPECT_FALSE(IsDecayed(rule, "class_token", 3));
  EXPECT_FALSE(IsDecayed(rule, "position_embedding", 3));
  EXPECT_FALSE(IsDecayed(rule, "blocks.0.mlp_scale", 1));
}

TEST(IsDecayedTest, MatricesByDimensions) {
  const auto rule = OptimizerConfig::MATRICES;
  EXPECT_TRUE(IsDecayed(rule, "head.weight", 2));
  EXPECT_TRUE(IsDecayed(rule, "class_token", 3));
  EXPECT_TRUE(IsDecayed(rule, "position_embedding", 3));
  EXPECT_FALSE(IsDecayed(rule, "final_norm.weight", 1));
}

TEST(IsDecayedTest, AllIsEverything) {
  for (const auto& [name, dimensions] : {std::pair("head.weight", 2),
                                         {"head.bias", 1},
                                         {"final_norm.weight", 1},
                                         {"class_token", 3}}) {
    EXPECT_TRUE(IsDecayed(OptimizerConfig::ALL, name, dimensions)) << name;
  }
}

TEST(IsHiddenMatrixTest, TakesFourWeightsOfEveryBlockAndNothingElse) {
  ModelConfig config;
  config.set_depth(3);
  config.set_register_tokens(2);
  config.set_layer_scale(0.1);
  ASSERT_OK_AND_ASSIGN(const auto model, VisionTransformer::CreateShapesOnly(config));
  std::vector<std::string> taken;
  for (const auto& [name, tensor] : model.Parameters()) {
    if (IsHiddenMatrix(name, tensor.dim())) taken.push_back(name);
  }
  std::vector<std::string> expected;
  for (const char* block : {"blocks.0.", "blocks.1.", "blocks.2."}) {
    for (const char* layer :
         {"attention.qkv", "attention.projection", "mlp.hidden", "mlp.output"}) {
      expected.push_back(std::string(block) + layer + ".weight");
    }
  }
  EXPECT_EQ(taken, expected);
}

}  // namespace
}  // namespace vitrine
