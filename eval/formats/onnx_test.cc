#include "eval/formats/onnx.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ops/zeros.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onnx/onnx.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;
namespace fs = std::filesystem;

class OnnxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    model_->set_image_size(16);
    model_->set_image_width(24);
    model_->set_channels(3);
    model_->set_patch_size(8);
    model_->set_num_classes(2);
    model_->set_width(8);
    model_->set_depth(1);
    model_->set_heads(2);
    data_->set_normalization(DataConfig::IMAGENET_STATS);
    saved_.manifest.add_class_names("robin");
    saved_.manifest.add_class_names("a \"house\" finch, 雀");
    saved_.tensors = VisionTransformer::Create(*model_, 1).value().Tensors();
  }

  ResizeAndCenterCrop* AddCrop() {
    return data_->add_evaluation_transforms()->mutable_resize_and_center_crop();
  }

  onnx::ModelProto Export(const OnnxOptions& options = {}) {
    fs::remove(path_);
    const absl::Status status = ExportOnnx(saved_, path_, &notes_, options);
    EXPECT_OK(status);
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(ReadFile(path_).value()));
    return model;
  }

  // A vector, since their order is part of the bytes.
  static std::vector<std::pair<std::string, std::string>> Metadata(const onnx::ModelProto& model) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& entry : model.metadata_props())
      entries.emplace_back(entry.key(), entry.value());
    return entries;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "onnx_test";
  const fs::path path_ = folder_ / "m.onnx";
  std::vector<std::string> notes_;
  SavedWeights saved_;
  ModelConfig* const model_ = saved_.manifest.mutable_config()->mutable_model();
  DataConfig* const data_ = saved_.manifest.mutable_config()->mutable_data();
};

TEST_F(OnnxTest, SaysWhatIsDoneToPictures) {
  ResizeAndCenterCrop* const crop = AddCrop();
  crop->set_crop_fraction(0.8);
  crop->set_filter(BICUBIC);
  crop->set_round_down(true);
  EXPECT_THAT(Metadata(Export()),
              ElementsAre(Pair("class_names", "[\"robin\",\"a \\\"house\\\" finch, 雀\"]"),
                          Pair("preprocessing", "outside"), Pair("channels", "RGB"),
                          Pair("resize", "cover"), Pair("resize_to", "[20, 30]"),
                          Pair("resize_rounding", "nearest"), Pair("interpolation", "bicubic"),
                          Pair("crop", "center"), Pair("crop_rounding", "down"),
                          Pair("image_size", "[16, 24]"), Pair("mean", "[0.485, 0.456, 0.406]"),
                          Pair("std", "[0.229, 0.224, 0.225]"), Pair("opset", "20")));
}

TEST_F(OnnxTest, SaysWhatIsDoneToPicturesWithoutTransforms) {
  model_->clear_image_width();
  saved_.tensors = VisionTransformer::Create(*model_, 1).value().Tensors();
  EXPECT_THAT(Metadata(Export()),
              IsSupersetOf({Pair("resize", "cover"), Pair("resize_to", "[16, 16]"),
                            Pair("resize_rounding", "down"), Pair("interpolation", "bilinear"),
                            Pair("crop_rounding", "even")}));
  AddCrop()->set_stretch(true);
  const auto stretched = Metadata(Export());
  EXPECT_THAT(stretched, IsSupersetOf({Pair("resize", "stretch"), Pair("resize_to", "[18, 18]")}));
  EXPECT_THAT(stretched, Not(Contains(Pair("resize_rounding", _))));
}

TEST_F(OnnxTest, TakesPixelsOrPictures) {
  const onnx::ModelProto outside = Export(), inside = Export({.with_preprocessing = true});
  EXPECT_EQ(outside.graph().input(0).name(), "pixels");
  EXPECT_THAT(Metadata(inside), Contains(Pair("preprocessing", "inside")));
  ASSERT_EQ(inside.graph().input_size(), 1);
  const onnx::ValueInfoProto& image = inside.graph().input(0);
  EXPECT_EQ(image.name(), "image");
  EXPECT_EQ(image.type().tensor_type().elem_type(), onnx::TensorProto::UINT8);
  const auto& sides = image.type().tensor_type().shape();
  ASSERT_EQ(sides.dim_size(), 4);
  EXPECT_EQ(sides.dim(0).dim_param(), "batch");
  EXPECT_EQ(sides.dim(1).dim_param(), "height");
  EXPECT_EQ(sides.dim(2).dim_param(), "width");
  EXPECT_EQ(sides.dim(3).dim_value(), 3);
  EXPECT_GT(inside.graph().node_size(), outside.graph().node_size());
}

TEST_F(OnnxTest, ASecondFileIsNoted) {
  Export();
  EXPECT_THAT(notes_, IsEmpty());
  Export({.most_inside = 0});
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("m.onnx.data: the weights, too large for one file")));
  EXPECT_TRUE(Exists(folder_ / "m.onnx.data"));
}

TEST_F(OnnxTest, ModelsOfOtherPicturesSayHowManyChannels) {
  model_->set_channels(4);
  data_->clear_normalization();
  data_->mutable_mean()->Resize(4, 0.5f);
  data_->mutable_std()->Resize(4, 0.5f);
  saved_.tensors = VisionTransformer::Create(*model_, 1).value().Tensors();
  EXPECT_THAT(Metadata(Export()), Contains(Pair("channels", "4")));
}

// As one that was imported for its features.
TEST_F(OnnxTest, WithoutAHeadThereAreNoClasses) {
  model_->set_num_classes(1);
  saved_.manifest.clear_class_names();
  saved_.manifest.add_class_names("0");
  saved_.manifest.set_classes_are_nameless(true);
  saved_.tensors = VisionTransformer::Create(*model_, 1).value().Tensors();
  const onnx::ModelProto model = Export();
  ASSERT_EQ(model.graph().output_size(), 1);
  EXPECT_EQ(model.graph().output(0).name(), "embedding");
  EXPECT_THAT(Metadata(model), Not(Contains(Pair("class_names", _))));
}

TEST_F(OnnxTest, EqualModelsGiveEqualBytes) {
  for (const bool inside : {false, true}) {
    const std::string first = Export({.with_preprocessing = inside}).SerializeAsString();
    EXPECT_EQ(Export({.with_preprocessing = inside}).SerializeAsString(), first);
    EXPECT_EQ(ReadFile(path_).value(), first);
  }
}

TEST_F(OnnxTest, TransformsThatCannotBeSaidAreRefusedByName) {
  AddCrop();
  data_->add_evaluation_transforms()->mutable_horizontal_flip();
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("data.evaluation_transforms[1]: horizontal_flip")));
  data_->clear_evaluation_transforms();
  data_->add_evaluation_transforms()->mutable_random_resized_crop();
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("data.evaluation_transforms[0]: random_resized_crop")));
  EXPECT_FALSE(Exists(path_));
}

TEST_F(OnnxTest, WeightsOfAnotherModelAreRefused) {
  saved_.tensors["head.bias"] = at::zeros({3});
  saved_.tensors.erase("head.weight");
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kFailedPrecondition,
                    ::testing::AllOf(HasSubstr("head.bias"), HasSubstr("head.weight"))));
  EXPECT_FALSE(Exists(path_));
}

TEST_F(OnnxTest, EachClassNeedsAName) {
  saved_.manifest.add_class_names("third");
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("names 3 classes of a model of 2")));
}

TEST_F(OnnxTest, MeanAndStdMustFitTheChannels) {
  data_->set_normalization(DataConfig::MNIST_STATS);
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("data.normalization")));
}

TEST_F(OnnxTest, ReplacesNothing) {
  ASSERT_OK(WriteAtomically(path_, "mine"));
  EXPECT_THAT(ExportOnnx(saved_, path_, &notes_),
              Fails(absl::StatusCode::kAlreadyExists, HasSubstr("is there already")));
  EXPECT_EQ(ReadFile(path_).value(), "mine");
}

}  // namespace
}  // namespace vitrine
