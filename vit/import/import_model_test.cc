#include "vit/import/import_model.h"

#include <limits>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/match.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/adapt.h"
#include "vit/import/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// What config.json says of such a model; a head of four numbers is unusual.
ModelConfig Known(std::string_view name) {
  ModelConfig known;
  known.set_heads(2);
  if (absl::StrContains(name, "quickgelu")) known.set_activation(ModelConfig::QUICK_GELU);
  // gelu_new in testdata/generate_imports.py
  if (name == "transformers_deit_4" || name == "transformers_deit_5") {
    known.set_activation(ModelConfig::GELU_TANH);
  }
  if (absl::EndsWith(name, "_wide")) {
    known.set_image_size(8);
    known.set_image_width(12);
  }
  return known;
}

class ImportTest : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Models, ImportTest, ::testing::ValuesIn(PackageModelNames()),
                         [](const auto& info) { return info.param; });

TEST_P(ImportTest, LogitsAreThePackages) {
  const PackageModel fixture = LoadPackageModel(GetParam());
  ASSERT_OK_AND_ASSIGN(const ImportedModel imported,
                       ImportModel(fixture.weights, Known(GetParam())));
  ModelConfig config = imported.config;
  config.set_image_size(fixture.images.size(2));
  config.set_image_width(fixture.images.size(3));
  ASSERT_OK_AND_ASSIGN(VisionTransformer model, VisionTransformer::Create(config, 0));
  ASSERT_OK_AND_ASSIGN(const Adaptation adapted,
                       AdaptTensors(imported.config, imported.tensors, model));
  ASSERT_OK(model.Load(adapted.tensors));
  const at::NoGradGuard no_grad;
  const at::Tensor logits = model.Forward(fixture.images, {});
  ASSERT_EQ(logits.sizes(), fixture.logits.sizes());
  const double largest = fixture.logits.abs().max().item<double>();
  EXPECT_LT((logits - fixture.logits).abs().max().item<double>(), 1e-5 * largest);
  EXPECT_GT(fixture.logits.std().item<double>(), 0.1) << "all the same would prove nothing";
}

// A tensor more or less, of another shape or not finite is named, whichever it is.
TEST_P(ImportTest, EveryTensorMatters) {
  const PackageModel fixture = LoadPackageModel(GetParam());
  for (const auto& [name, tensor] : fixture.weights) {
    const bool is_read = !absl::EndsWith(name, "mask_token");
    TensorMap without = fixture.weights, misshapen = fixture.weights, infinite = fixture.weights;
    without.erase(name);
    misshapen[name] = at::zeros({3, 1, 2});
    infinite[name] = tensor.clone();
    infinite[name].view(-1)[0] = std::numeric_limits<float>::infinity();
    EXPECT_EQ(ImportModel(infinite, Known(GetParam())).ok(), !is_read) << name;
    EXPECT_EQ(ImportModel(misshapen, Known(GetParam())).ok(), !is_read) << name;
    // Without its head or with one head less it is another model of the package.
    const auto imported = ImportModel(without, Known(GetParam()));
    if (imported.ok() && is_read) {
      ASSERT_OK_AND_ASSIGN(const ImportedModel whole,
                           ImportModel(fixture.weights, Known(GetParam())));
      EXPECT_NE(imported->config.SerializeAsString(), whole.config.SerializeAsString()) << name;
    }
  }
  TensorMap more = fixture.weights;
  more["more.weight"] = at::zeros({1});
  EXPECT_THAT(ImportModel(more, Known(GetParam())),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("more.weight: no part of")));
}

TEST(ImportModelTest, SaysWhatItTookForGranted) {
  const PackageModel fixture = LoadPackageModel("timm_clip");
  ModelConfig known;
  known.set_heads(2);
  ASSERT_OK_AND_ASSIGN(const ImportedModel imported, ImportModel(fixture.weights, known));
  EXPECT_THAT(imported.notes,
              AllOf(Contains("weights of timm"),
                    Contains("model.layer_norm_epsilon: taken to be 1e-05, as usual there"),
                    Contains(HasSubstr("model.activation: taken to be GELU"))));
  known.set_activation(ModelConfig::GELU);
  known.set_layer_norm_epsilon(1e-5);
  ASSERT_OK_AND_ASSIGN(const ImportedModel told, ImportModel(fixture.weights, known));
  EXPECT_THAT(told.notes, Not(Contains(HasSubstr("taken to be"))));
}

TEST(ImportModelTest, WrappersOfAModelAreTakenOff) {
  TensorMap wrapped;
  for (const auto& [name, tensor] : LoadPackageModel("torchvision").weights) {
    wrapped["module._orig_mod." + name] = tensor;
  }
  EXPECT_THAT(ImportModel(wrapped, Known("torchvision")), IsOk());
}

// As vit-pytorch writes it for pool='mean'.
TEST(ImportModelTest, AClassTokenOfNoTokensIsNone) {
  TensorMap weights = LoadPackageModel("vit_pytorch").weights;
  weights["cls_token"] = at::zeros({0, 8});
  weights["pos_embedding"] = weights["pos_embedding"].slice(-2, 1);
  ASSERT_OK_AND_ASSIGN(const ImportedModel imported, ImportModel(weights, Known("vit_pytorch")));
  EXPECT_EQ(imported.config.pooling(), ModelConfig::MEAN);
  EXPECT_FALSE(imported.config.class_token());
}

TEST(ImportModelTest, AsksForWhatDoesNotFollow) {
  EXPECT_THAT(ImportModel(LoadPackageModel("timm_vit").weights, {}),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("model.heads: does not follow")));
}

TEST(ImportModelTest, WhatIsKnownMustFit) {
  ModelConfig known;
  known.set_heads(2);
  known.set_depth(3);
  EXPECT_THAT(ImportModel(LoadPackageModel("timm_vit").weights, known),
              Fails(absl::StatusCode::kInvalidArgument,
                    "model.depth: 3 was given, but the tensors are of 2"));
  known.clear_depth();
  known.set_image_size(12);
  EXPECT_THAT(ImportModel(LoadPackageModel("timm_vit").weights, known),
              Fails(absl::StatusCode::kFailedPrecondition,
                    HasSubstr("5 positions are not those of an image of 12 x 12 in patches of 4")));
}

TEST(ImportModelTest, AsksForTheSidesOfWhatIsNoSquare) {
  ModelConfig known;
  known.set_heads(2);
  EXPECT_THAT(ImportModel(LoadPackageModel("timm_wide").weights, known),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("7 positions are not those of a square image"),
                          HasSubstr("give model.image_size and model.image_width"))));
}

TEST(ImportModelTest, WithoutAHeadThereIsANewOne) {
  PackageModel fixture = LoadPackageModel("timm_vit");
  fixture.weights.erase("head.weight");
  fixture.weights.erase("head.bias");
  ASSERT_OK_AND_ASSIGN(const ImportedModel imported,
                       ImportModel(fixture.weights, Known("timm_vit")));
  EXPECT_EQ(imported.config.num_classes(), 1);
  EXPECT_THAT(imported.notes, Contains(HasSubstr("head: there is none")));
}

TEST(ImportModelTest, OtherTensorsAreNotRecognised) {
  EXPECT_THAT(ImportModel({{"layer1.0.conv1.weight", at::zeros({1})}}, {}),
              Fails(absl::StatusCode::kNotFound,
                    HasSubstr("not those of a Vision Transformer of timm, transformers ViT")));
}

}  // namespace
}  // namespace vitrine
