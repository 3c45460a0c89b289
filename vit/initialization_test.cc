#include "vit/initialization.h"

#include <cmath>
#include <map>
#include <string>

#include "ATen/TensorOperators.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

std::map<std::string, at::Tensor> Parameters(const ModelConfig& config, uint64_t seed = 1) {
  auto model = VisionTransformer::Create(config, seed);
  EXPECT_THAT(model, IsOk());
  std::map<std::string, at::Tensor> parameters;
  for (const NamedParameter& p : model->Parameters()) parameters[p.name] = p.tensor.detach();
  return parameters;
}

ModelConfig Config() {
  ModelConfig config;
  config.set_width(64);
  config.set_depth(2);
  config.set_layer_scale(0.5);
  config.set_register_tokens(3);
  return config;
}

// The range and standard deviation of a uniform distribution on +-bound.
void ExpectUniform(const at::Tensor& t, double bound) {
  EXPECT_LE(t.abs().max().item<double>(), bound);
  EXPECT_NEAR(t.std().item<double>(), bound / std::sqrt(3), 0.2 * bound);
}

TEST(InitializationTest, UniformFanInLayerByLayer) {
  const auto p = Parameters(Config());
  ExpectUniform(p.at("patch_embedding.projection.weight"), 1 / std::sqrt(16.0));
  ExpectUniform(p.at("patch_embedding.projection.bias"), 1 / std::sqrt(16.0));
  ExpectUniform(p.at("blocks.0.attention.qkv.weight"), 1 / std::sqrt(64.0));
  ExpectUniform(p.at("blocks.1.mlp.hidden.bias"), 1 / std::sqrt(64.0));
  ExpectUniform(p.at("blocks.1.mlp.output.weight"), 1 / std::sqrt(256.0));
  ExpectUniform(p.at("head.weight"), 1 / std::sqrt(64.0));
  EXPECT_NEAR(p.at("position_embedding").std().item<double>(), 1, 0.1);
  EXPECT_NEAR(p.at("register_tokens").std().item<double>(), 1, 0.3);
  for (const char* norm : {"blocks.0.attention_norm", "blocks.1.mlp_norm", "final_norm",
                           "patch_embedding.input_norm", "patch_embedding.output_norm"}) {
    EXPECT_TRUE((p.at(std::string(norm) + ".weight") == 1).all().item<bool>()) << norm;
    EXPECT_TRUE((p.at(std::string(norm) + ".bias") == 0).all().item<bool>()) << norm;
  }
  EXPECT_TRUE((p.at("blocks.0.attention_scale") == 0.5).all().item<bool>());
}

TEST(InitializationTest, TruncatedNormalLayerByLayer) {
  ModelConfig config = Config();
  config.set_initialization(ModelConfig::TRUNCATED_NORMAL);
  const auto p = Parameters(config);
  for (const char* name : {"position_embedding", "blocks.0.attention.qkv.weight", "head.weight"}) {
    EXPECT_LE(p.at(name).abs().max().item<double>(), 0.04 + 1e-6) << name;
    // A normal distribution cut at two deviations has 0.8796 of its deviation.
    EXPECT_NEAR(p.at(name).std().item<double>(), 0.02 * 0.8796, 0.0015) << name;
  }
  EXPECT_TRUE((p.at("blocks.1.mlp.hidden.bias") == 0).all().item<bool>());
}

TEST(InitializationTest, ZeroHead) {
  ModelConfig config = Config();
  config.set_zero_head(true);
  const auto p = Parameters(config);
  EXPECT_TRUE((p.at("head.weight") == 0).all().item<bool>());
  EXPECT_TRUE((p.at("head.bias") == 0).all().item<bool>());
}

TEST(InitializationTest, SeedDecidesAndOptionsLeaveOtherLayersAlone) {
  const auto first = Parameters(Config(), 1), again = Parameters(Config(), 1),
             other = Parameters(Config(), 2);
  ModelConfig changed_config = Config();
  changed_config.set_register_tokens(0);
  changed_config.set_depth(3);
  const auto changed = Parameters(changed_config, 1);
  for (const auto& [name, tensor] : first) {
    EXPECT_TRUE(tensor.equal(again.at(name))) << name;
    EXPECT_TRUE(name == "register_tokens" || tensor.equal(changed.at(name))) << name;
  }
  EXPECT_FALSE(first.at("head.weight").equal(other.at("head.weight")));
  EXPECT_FALSE(
      first.at("blocks.0.mlp.hidden.weight").equal(first.at("blocks.1.mlp.hidden.weight")));
}

}  // namespace
}  // namespace vitrine
