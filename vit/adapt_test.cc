#include "vit/adapt.h"

#include <functional>
#include <string>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/testing.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ModelConfig WithImageSize(ModelConfig config, int image_size) {
  config.set_image_size(image_size);
  return config;
}

// Of a checkpoint, which is read on the CPU.
using AdaptTensorsTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(AdaptTensorsTest);

TEST_P(AdaptTensorsTest, EqualConfigsGiveTheSameBits) {
  for (const ModelConfig& config : {SmallConfig(), SmallConfigWithOptions()}) {
    const VisionTransformer from = MakeModel(config, 1);
    VisionTransformer to = MakeModel(config, 2).Clone(device_);
    ASSERT_OK_AND_ASSIGN(const Adaptation adapted, AdaptTensors(config, from.Tensors(), to));
    EXPECT_THAT(adapted.changes, IsEmpty());
    ASSERT_OK(to.Load(adapted.tensors));
    for (const auto& [name, tensor] : to.Tensors()) {
      EXPECT_TRUE(tensor.cpu().equal(from.Tensors().at(name))) << name;
    }
  }
}

TEST_P(AdaptTensorsTest, OtherClassesTakeTheHeadOfTheNewModel) {
  ModelConfig config = SmallConfig();
  const VisionTransformer from = MakeModel(config, 1);
  config.set_num_classes(3);
  VisionTransformer to = MakeModel(config, 2).Clone(device_);
  const TensorMap old = from.Tensors(), fresh = MakeModel(config, 2).Tensors();
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted, AdaptTensors(from.config(), old, to));
  EXPECT_THAT(adapted.changes, ElementsAre("head.weight: new, for 3 other classes",
                                           "head.bias: new, for 3 other classes"));
  ASSERT_OK(to.Load(adapted.tensors));
  for (const auto& [name, tensor] : to.Tensors()) {
    const bool head = name == "head.weight" || name == "head.bias";
    EXPECT_TRUE(tensor.cpu().equal((head ? fresh : old).at(name))) << name;
  }
}

// testdata/generate.py made the expected values, in double precision.
TEST(AdaptTensorsTest, PositionsAreResampledAsInPyTorch) {
  const TensorMap golden = ReferenceValues("resampled_positions");
  ModelConfig config = WithImageSize(SmallConfig(), 16);  // 4 x 4 patches
  TensorMap tensors = MakeModel(config).Tensors();
  tensors["position_embedding"] = golden.at("positions");
  for (const int side : {2, 3, 7}) {
    VisionTransformer to = MakeModel(WithImageSize(config, 4 * side));
    ASSERT_OK_AND_ASSIGN(const Adaptation adapted, AdaptTensors(config, tensors, to));
    const at::Tensor& actual = adapted.tensors.at("position_embedding");
    const at::Tensor& expected = golden.at(absl::StrCat("resampled.", side));
    ASSERT_EQ(actual.sizes(), expected.sizes());
    EXPECT_LT((actual - expected).abs().max().item<double>(), 3e-6);  // values reach 4.1
    const std::string change =
        absl::StrCat("position_embedding: resampled from 4 x 4 patches to ", side, " x ", side);
    EXPECT_THAT(adapted.changes, ElementsAre(change));
    EXPECT_OK(to.Load(adapted.tensors));
  }
}

TEST(AdaptTensorsTest, ConstantPositionsStayConstantAndTheClassTokenKeepsItsOwn) {
  const ModelConfig config = SmallConfig();
  TensorMap tensors = MakeModel(config).Tensors();
  at::Tensor positions = at::full({1, 5, 16}, 0.25);
  positions.select(1, 0).fill_(-3);
  tensors["position_embedding"] = positions;
  const VisionTransformer to = MakeModel(WithImageSize(config, 28));
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted, AdaptTensors(config, tensors, to));
  const at::Tensor& actual = adapted.tensors.at("position_embedding");
  ASSERT_EQ(actual.sizes(), at::IntArrayRef({1, 50, 16}));
  EXPECT_TRUE((actual.select(1, 0) == -3).all().item<bool>());
  EXPECT_LT((actual.slice(1, 1) - 0.25).abs().max().item<double>(), 1e-6);
}

TEST(AdaptTensorsTest, MeanPoolingHasPositionsForPatchesAlone) {
  ModelConfig config = SmallConfig();
  config.set_pooling(ModelConfig::MEAN);
  const VisionTransformer to = MakeModel(WithImageSize(config, 12));
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted,
                       AdaptTensors(config, MakeModel(config).Tensors(), to));
  EXPECT_EQ(adapted.tensors.at("position_embedding").sizes(), at::IntArrayRef({1, 9, 16}));
}

TEST(AdaptTensorsTest, FixedPositionsNeedNothing) {
  const ModelConfig config = SmallConfigWithOptions();
  VisionTransformer to = MakeModel(WithImageSize(config, 12));
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted,
                       AdaptTensors(config, MakeModel(config).Tensors(), to));
  EXPECT_THAT(adapted.changes, IsEmpty());
  EXPECT_OK(to.Load(adapted.tensors));
}

TEST(AdaptTensorsTest, WhatOnlyTrainingReadsMayDiffer) {
  const ModelConfig config = SmallConfigWithOptions();
  ModelConfig other = config;
  other.set_dropout(0.1);
  other.set_stochastic_depth(0.2);
  other.set_layer_scale(1e-5);
  other.set_initialization(ModelConfig::TRUNCATED_NORMAL);
  other.set_zero_head(true);
  other.set_mlp_width(64);  // what it is by default
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted,
                       AdaptTensors(config, MakeModel(config).Tensors(), MakeModel(other)));
  EXPECT_THAT(adapted.changes, IsEmpty());
}

struct Refusal {
  std::string name;
  std::function<void(ModelConfig&)> change;
  std::string message;
};

class RefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, NamesTheFieldAndBothValues) {
  ModelConfig config = SmallConfig();
  GetParam().change(config);
  const TensorMap tensors = MakeModel(SmallConfig()).Tensors();
  EXPECT_THAT(AdaptTensors(SmallConfig(), tensors, MakeModel(config)),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusalTest,
    ::testing::Values(
        Refusal{"Channels", [](ModelConfig& c) { c.set_channels(3); },
                "model.channels: 2 in the checkpoint, 3 in the model"},
        Refusal{"PatchSize", [](ModelConfig& c) { c.set_patch_size(2); },
                "model.patch_size: 4 in the checkpoint, 2 in the model"},
        Refusal{"Depth", [](ModelConfig& c) { c.set_depth(3); },
                "model.depth: 2 in the checkpoint, 3 in the model"},
        Refusal{"Heads", [](ModelConfig& c) { c.set_heads(4); },
                "model.heads: 2 in the checkpoint, 4 in the model"},
        Refusal{"Width", [](ModelConfig& c) { c.set_width(32); },
                "model.width: 16 in the checkpoint, 32 in the model"},
        Refusal{"MlpWidth", [](ModelConfig& c) { c.set_mlp_width(40); },
                "model.mlp_width: 64 in the checkpoint, 40 in the model"},
        Refusal{"Pooling", [](ModelConfig& c) { c.set_pooling(ModelConfig::MEAN); },
                "model.pooling: CLASS_TOKEN in the checkpoint, MEAN in the model"},
        Refusal{"RegisterTokens", [](ModelConfig& c) { c.set_register_tokens(1); },
                "model.register_tokens: 0 in the checkpoint, 1 in the model"},
        Refusal{"Positions",
                [](ModelConfig& c) { c.set_position_embedding(ModelConfig::SINCOS_2D); },
                "model.position_embedding: LEARNED in the checkpoint, SINCOS_2D in the model"},
        Refusal{"LayerScale", [](ModelConfig& c) { c.set_layer_scale(0.5); },
                "model.layer_scale: 0 in the checkpoint, 0.5 in the model"}),
    [](const auto& info) { return info.param.name; });

TEST(AdaptTensorsTest, NamesAllDifferencesAtOnceAndNoOther) {
  ModelConfig config = SmallConfig();
  config.set_heads(4);
  config.set_depth(1);
  config.set_num_classes(7);
  EXPECT_THAT(AdaptTensors(SmallConfig(), MakeModel(SmallConfig()).Tensors(), MakeModel(config)),
              Fails(absl::StatusCode::kFailedPrecondition,
                    "model.depth: 2 in the checkpoint, 1 in the model; "
                    "model.heads: 2 in the checkpoint, 4 in the model"));
}

TEST(AdaptTensorsTest, ACheckpointThatContradictsItselfIsRefused) {
  const VisionTransformer to = MakeModel(SmallConfig());
  TensorMap tensors = to.Tensors();
  tensors.erase("position_embedding");
  tensors["final_norm.bias"] = at::empty({3});
  EXPECT_THAT(AdaptTensors(SmallConfig(), tensors, to),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("the checkpoint's tensors: "),
                          HasSubstr("no tensor position_embedding"),
                          HasSubstr("final_norm.bias has shape [3]"))));
  ModelConfig config = SmallConfig();
  config.set_patch_size(0);
  EXPECT_THAT(AdaptTensors(config, to.Tensors(), to),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("the checkpoint's config: model.patch_size")));
}

}  // namespace
}  // namespace vitrine
