#include "vit/readout.h"

#include <string>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/layer_norm.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "base/tensors/tensor_map.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/config.h"
#include "vit/layers.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using Tokens = Readout::Tokens;

class ReadoutTest : public EachDeviceAnd<NamedConfig> {
 protected:
  ReadoutTest()
      : config_(GetParam().config),
        model_(MakeModel(config_).Clone(at::TensorOptions(device_).dtype(at::kDouble))),
        images_(RandomImages(3, config_).to(device_, at::kDouble)) {
    ForwardContext context;
    context.intermediates = &named_;
    features_ = model_.Features(images_, context);
  }

  at::Tensor Embed(Tokens tokens, int64_t layer, bool final_norm) const {
    return model_.Embed(images_, {tokens, layer, final_norm}, {});
  }

  // What a block hands out, of all tokens.
  at::Tensor Stream(int64_t layer) const {
    return named_.at(absl::StrCat("blocks.", layer - 1, ".output"));
  }

  at::Tensor Norm(const at::Tensor& x) const {
    const TensorMap p = model_.Tensors();
    return at::layer_norm(x, {config_.width()}, p.at("final_norm.weight"), p.at("final_norm.bias"),
                          config_.layer_norm_epsilon());
  }

  static void ExpectNear(const at::Tensor& a, const at::Tensor& b, const std::string& what) {
    ASSERT_EQ(a.sizes(), b.sizes()) << what;
    EXPECT_LT((a - b).abs().max().item<double>(), 1e-12) << what;
  }

  const at::NoGradGuard no_grad_;
  const ModelConfig config_;
  const VisionTransformer model_;
  const at::Tensor images_;
  Intermediates named_;
  at::Tensor features_;
};

INSTANTIATE_TEST_SUITE_P(Configs, ReadoutTest, OnEachDevice(::testing::ValuesIn(SmallConfigs())),
                         AndDevice([](const NamedConfig& named) { return named.name; }));

TEST_P(ReadoutTest, WithoutNormTokensAreTheResidualStream) {
  for (int64_t layer = 1; layer <= config_.depth(); ++layer) {
    const std::string what = absl::StrCat("layer ", layer);
    const at::Tensor patches = Stream(layer).slice(1, PrefixLength(config_));
    ExpectNear(Embed(Tokens::kPatches, layer, false), patches, what);
    ExpectNear(Embed(Tokens::kMean, layer, false), patches.mean(1), what);
    if (!HasClassToken(config_)) continue;
    ExpectNear(Embed(Tokens::kClass, layer, false), Stream(layer).select(1, 0), what);
  }
}

TEST_P(ReadoutTest, TheLastNormIsAppliedToEveryLayer) {
  const bool is_of_mean = config_.pooling_norm() == ModelConfig::AFTER_MEAN;
  for (int64_t layer = 1; layer <= config_.depth(); ++layer) {
    const std::string what = absl::StrCat("layer ", layer);
    const at::Tensor raw = Stream(layer), tokens = is_of_mean ? raw : Norm(raw);
    const at::Tensor patches = tokens.slice(1, PrefixLength(config_));
    const at::Tensor mean = is_of_mean ? Norm(patches.mean(1)) : patches.mean(1);
    ExpectNear(Embed(Tokens::kPatches, layer, true), patches, what);
    ExpectNear(Embed(Tokens::kMean, layer, true), mean, what);
    if (!HasClassToken(config_)) continue;
    ExpectNear(Embed(Tokens::kClass, layer, true), tokens.select(1, 0), what);
  }
}

TEST_P(ReadoutTest, TheHeadReadsTheFeatures) {
  const at::Tensor features = model_.Features(images_, {});
  ExpectNear(features_, features, "features");
  EXPECT_TRUE(model_.Embed(images_, {}, {}).equal(features));
  EXPECT_TRUE(Embed(Tokens::kHead, config_.depth(), true).equal(features));
  if (config_.distillation_token()) return;
  const auto of = [&](Tokens tokens) { return Embed(tokens, Readout::kLastLayer, true); };
  switch (config_.pooling()) {
    case ModelConfig::CLASS_TOKEN:
      EXPECT_TRUE(of(Tokens::kClass).equal(features)) << "of the class token alone";
      return;
    case ModelConfig::MEAN:
      return ExpectNear(of(Tokens::kMean), features, "mean");
    case ModelConfig::CLASS_AND_MEAN:
      return ExpectNear(at::concat({of(Tokens::kClass), of(Tokens::kMean)}, 1), features, "both");
  }
}

TEST_P(ReadoutTest, LayersAboveDoNotMatter) {
  const at::Tensor before = Embed(Tokens::kHead, 1, true);
  for (const NamedParameter& parameter : model_.Parameters()) {
    if (parameter.name.starts_with("blocks.1.")) parameter.tensor.zero_();
  }
  EXPECT_TRUE(Embed(Tokens::kHead, 1, true).equal(before));
  EXPECT_FALSE(Embed(Tokens::kHead, 2, true).equal(features_));
}

TEST(ReadoutNamesTest, AreRead) {
  for (const Tokens tokens : {Tokens::kHead, Tokens::kClass, Tokens::kMean, Tokens::kPatches}) {
    EXPECT_EQ(ParseTokens(TokensName(tokens)).value(), tokens);
  }
  EXPECT_THAT(ParseTokens("cls"), Fails(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("head, class, mean or patches, not 'cls'")));
}

TEST(CheckReadoutTest, WhatTheModelLacksIsRefused) {
  const ModelConfig config = SmallConfig();  // of two blocks
  for (const int64_t layer : {-1, 1, 2}) {
    EXPECT_OK(CheckReadout(config, {Tokens::kClass, layer, true})) << layer;
  }
  for (const int64_t layer : {-2, 0, 3}) {
    EXPECT_THAT(CheckReadout(config, {Tokens::kHead, layer, true}),
                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("--layer: must be 1 to 2")));
  }
  EXPECT_OK(CheckReadout(SmallConfigWithOptions(), {Tokens::kHead}));
  EXPECT_THAT(CheckReadout(SmallConfigWithOptions(), {Tokens::kClass}),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("take head, mean or patches")));
}

}  // namespace
}  // namespace vitrine
