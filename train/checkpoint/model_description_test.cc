#include "train/checkpoint/model_description.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Of timm's config.json with these fields.
absl::StatusOr<ModelConfig> Timm(const std::string& architecture, const std::string& arguments) {
  ModelDescription description;
  const std::string json =
      absl::StrCat(R"({"architecture": ")", architecture, R"(", "model_args": {)", arguments, "}}");
  RETURN_IF_ERROR(AddModelConfig(json, "config.json", &description));
  return description.model;
}

TEST(TimmDescriptionTest, TheArchitectureTellsWhatTensorsDoNot) {
  ASSERT_OK_AND_ASSIGN(ModelConfig model, Timm("vit_base_patch16_gap_224", ""));
  EXPECT_EQ(model.heads(), 16);
  ASSERT_OK_AND_ASSIGN(model, Timm("vit_giantopt_patch16_siglip_gap_384", ""));
  EXPECT_EQ(model.heads(), 16);
  EXPECT_EQ(model.activation(), ModelConfig::GELU_TANH);
  ASSERT_OK_AND_ASSIGN(model, Timm("vit_base_patch32_clip_quickgelu_224", ""));
  EXPECT_EQ(model.activation(), ModelConfig::QUICK_GELU);
  ASSERT_OK_AND_ASSIGN(model, Timm("vit_base_patch16_224", ""));
  EXPECT_FALSE(model.has_heads());
  EXPECT_THAT(Timm("vit_base_patch16_rpn_224", ""),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("architecture: vit_base_patch16_rpn")));
}

TEST(TimmDescriptionTest, ArgumentsAreFollowedOrRefusedByName) {
  ASSERT_OK_AND_ASSIGN(const ModelConfig model,
                       Timm("vit_base_patch16_gap_224",
                            R"("num_heads": 4, "act_layer": "gelu_tanh", "global_pool": "avg",
                               "norm_layer": "layernorm", "embed_dim": 8, "block_fn": null)"));
  EXPECT_EQ(model.heads(), 4);
  EXPECT_EQ(model.activation(), ModelConfig::GELU_TANH);
  EXPECT_EQ(model.pooling(), ModelConfig::MEAN);
  EXPECT_EQ(model.layer_norm_epsilon(), 1e-6);
  for (const auto& [argument, why] :
       {std::pair(R"("act_layer": "relu")", "act_layer: relu is none of gelu"),
        {R"("norm_layer": "rmsnorm")", "norm_layer: rmsnorm is no layernorm"},
        {R"("block_fn": "x")", "block_fn: is not known here"},
        {R"("pool_include_prefix": true)", "pool_include_prefix: is not known here"},
        {R"("global_pool": "map")", "global_pool: map is neither token nor avg"},
        {R"("a\nb": 1)", "a\\nb: is not known here"}}) {
    EXPECT_THAT(Timm("vit_base_patch16_224", argument),
                Fails(absl::StatusCode::kDataLoss,
                      AllOf(HasSubstr(absl::StrCat("config.json: model_args: ", why)),
                            Not(HasSubstr("\n")))));
  }
}

ModelDescription Processed(const std::string& json) {
  ModelDescription description;
  const absl::Status added = AddPreprocessorConfig(json, "preprocessor_config.json", &description);
  EXPECT_THAT(added, IsOk()) << json;
  return description;
}

const ResizeAndCenterCrop& CropOf(const ModelDescription& description) {
  return description.data.evaluation_transforms(0).resize_and_center_crop();
}

// transformers 5.24.
TEST(ProcessorTest, WhatIsNotThereIsAsUsualForItsClass) {
  struct Usual {
    const char* name;
    double fraction;
    bool stretch;
    Interpolation filter;
  };
  for (const Usual& usual : {Usual{"ViTImageProcessor", 1, true, BILINEAR},
                             Usual{"DeiTImageProcessorFast", 0.875, true, BICUBIC},
                             Usual{"BitImageProcessor", 1, false, BICUBIC}}) {
    const ModelDescription description =
        Processed(absl::StrCat(R"({"image_processor_type": ")", usual.name, "\"}"));
    EXPECT_EQ(CropOf(description).crop_fraction(), usual.fraction) << usual.name;
    EXPECT_EQ(CropOf(description).stretch(), usual.stretch) << usual.name;
    EXPECT_EQ(CropOf(description).filter(), usual.filter) << usual.name;
    EXPECT_FALSE(description.input) << "the model's, which pictures are resized to";
    EXPECT_THAT(description.notes, ElementsAre(HasSubstr("size: is not there; taken to be 2")));
  }
  EXPECT_THAT(Processed(R"({"image_processor_type": "Swin", "size": 8})").notes,
              ElementsAre(HasSubstr("image_processor_type: Swin is not known here")));
}

TEST(ProcessorTest, PicturesThatAreNotResizedAreNotCropped) {
  const ModelDescription description = Processed(R"({"do_resize": false, "size": 10})");
  EXPECT_EQ(CropOf(description).crop_fraction(), 1);
  EXPECT_TRUE(CropOf(description).stretch());
  EXPECT_THAT(description.notes,
              ElementsAre(HasSubstr("do_resize: is false; pictures of another")));
}

}  // namespace
}  // namespace vitrine
