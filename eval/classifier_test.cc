#include "eval/classifier.h"

#include <numeric>

#include "ATen/core/grad_mode.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "base/tensors/tensor_mean.h"
#include "data/batches/loader.h"
#include "data/batches/planar.h"
#include "data/dataset.h"
#include "data/image/grey.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/source/image_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ClassifierTest : public EachDevice {
 protected:
  void SetUp() override {
    EachDevice::SetUp();
    fs::remove_all(folder_);
    ModelConfig& model = *checkpoint_.manifest.mutable_config()->mutable_model();
    model.set_image_size(28);
    model.set_width(16);
    model.set_depth(1);
    model.set_heads(2);
    checkpoint_.manifest.mutable_config()->mutable_data()->set_source(DataConfig::DIGITS);
    for (int i = 0; i < 10; ++i) checkpoint_.manifest.add_class_names(std::to_string(i));
    checkpoint_.model = VisionTransformer::Create(model, 1).value().Tensors();
    ASSERT_OK(WriteCheckpoint(folder_ / "checkpoints", checkpoint_));
  }

  absl::StatusOr<Classifier> Load(Weights weights = Weights::kModel) const {
    return Classifier::Load(folder_, weights, device_);
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "classifier_test";
  Checkpoint checkpoint_;
};

// Of files that hold the pixels of the data set.
TEST_P(ClassifierTest, SeesWhatTheEvaluationSees) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  const ExperimentConfig& config = checkpoint_.manifest.config();
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config.data(), ""));
  const LoaderSpec spec = {
      .config = config.data(), .shape = {.channels = 1, .size = Square(28)}, .device = device_};
  ASSERT_OK_AND_ASSIGN(const auto loader,
                       Loader::ForEvaluation(dataset, Split::kTest, spec, /*batch_size=*/8));
  ASSERT_OK_AND_ASSIGN(const Batch batch, loader->Next());
  const at::NoGradGuard no_grad;
  const at::Tensor logits = classifier.model().Forward(batch.images, {});
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_OK_AND_ASSIGN(const StoredImage stored, dataset.test->Read(i));
    Image picture;
    ToPicture(std::get<PlanarPixels>(stored), &picture);
    const std::string file = EncodePng(picture);
    ASSERT_OK_AND_ASSIGN(const PreparedImage prepared, classifier.Prepare(file));
    EXPECT_TRUE(prepared.input[0].equal(batch.images[i])) << i;
    ASSERT_OK_AND_ASSIGN(const auto best, classifier.Classify(file, 1));
    EXPECT_EQ(best[0].index, logits[i].argmax().item<int64_t>()) << i;
  }
}

TEST_P(ClassifierTest, ProbabilitiesFallAndAddUpToOne) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  ASSERT_OK_AND_ASSIGN(const auto scores,
                       classifier.Classify(EncodePng(MakePicture(50, 40)), /*top=*/99));
  ASSERT_EQ(scores.size(), 10);
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    sum += scores[i].probability;
    EXPECT_EQ(scores[i].name, std::to_string(scores[i].index));
    if (i > 0) {
      EXPECT_LE(scores[i].probability, scores[i - 1].probability);
    }
  }
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST_P(ClassifierTest, PicturesOfAnySizeAreSeenInTheirMiddle) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  ASSERT_OK_AND_ASSIGN(const PreparedImage wide,
                       classifier.Prepare(EncodePng(MakePicture(100, 40))));
  EXPECT_EQ(wide.size, (Size{100, 40}));
  EXPECT_NEAR(wide.region.width, 40, 1e-9);
  EXPECT_NEAR(wide.region.x, 30, 1);
  EXPECT_EQ(wide.seen.width, 28);
}

// A model of one channel. Pillow's convert("L") is checked in data/image.
TEST_P(ClassifierTest, ColoursAreSeenInGrey) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  const Image colors = MakePicture(28, 28);
  Image grey = colors;
  MakeGrey(&grey);
  ASSERT_OK_AND_ASSIGN(const PreparedImage of_colors, classifier.Prepare(EncodePng(colors)));
  ASSERT_OK_AND_ASSIGN(const PreparedImage of_grey, classifier.Prepare(EncodePng(grey)));
  EXPECT_TRUE(of_colors.input.equal(of_grey.input));
  EXPECT_EQ(LargestDifference(of_colors.seen, grey), 0);
}

TEST_P(ClassifierTest, DamageIsTold) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  const std::string png = EncodePng(MakePicture(28, 28));
  ASSERT_OK_AND_ASSIGN(const PreparedImage good, classifier.Prepare(png));
  EXPECT_EQ(good.damage, "");
  ASSERT_OK_AND_ASSIGN(const PreparedImage damaged, classifier.Prepare(WithoutEnd(png)));
  EXPECT_THAT(damaged.damage, HasSubstr("a damaged PNG ("));
  EXPECT_TRUE(damaged.input.equal(good.input));
}

TEST_P(ClassifierTest, TakesTheWeightsThatAreAskedFor) {
  EXPECT_THAT(Load(Weights::kSwa),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("swa.every_iterations")));
  TensorMean mean;
  ASSERT_OK(mean.Add(checkpoint_.model));
  ASSERT_OK(mean.Add(
      VisionTransformer::Create(checkpoint_.manifest.config().model(), 2).value().Tensors()));
  checkpoint_.swa = mean.sums();
  checkpoint_.manifest.set_swa_count(mean.count());
  ASSERT_OK(WriteCheckpoint(folder_ / "checkpoints", checkpoint_));
  ASSERT_OK_AND_ASSIGN(const Classifier swa, Load(Weights::kSwa));
  EXPECT_TRUE(swa.model().Tensors().at("head.weight").cpu().equal(mean.Mean().at("head.weight")));
}

TEST_P(ClassifierTest, ClassesWithoutANameAreRefused) {
  checkpoint_.manifest.mutable_class_names()->RemoveLast();
  ASSERT_OK(WriteCheckpoint(folder_ / "checkpoints", checkpoint_));
  EXPECT_THAT(Load(),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("names 9 classes of a model of 10")));
}

// Before a picture is read, by which the process would end.
TEST_P(ClassifierTest, ChannelsThatNoPictureHasAreRefused) {
  for (const int channels : {2, 4}) {
    ExperimentConfig& config = *checkpoint_.manifest.mutable_config();
    config.mutable_model()->set_channels(channels);
    config.mutable_data()->mutable_mean()->Resize(channels, 0.5f);
    config.mutable_data()->mutable_std()->Resize(channels, 0.5f);
    checkpoint_.model = VisionTransformer::Create(config.model(), 1).value().Tensors();
    ASSERT_OK(WriteCheckpoint(folder_ / "checkpoints", checkpoint_));
    EXPECT_THAT(Load(), Fails(absl::StatusCode::kFailedPrecondition,
                              HasSubstr("3 channels, or 1 in grey, but the model takes ")));
  }
}

TEST_P(ClassifierTest, WhatIsNoImageIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Classifier classifier, Load());
  EXPECT_FALSE(classifier.Classify("not a picture", 1).ok());
  EXPECT_FALSE(classifier.Classify(EncodePng(MakePicture(40, 40)).substr(0, 200), 1).ok());
  EXPECT_THAT(Classifier::Load(folder_ / "nothing"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("nothing: is not there")));
}

INSTANTIATE_ON_EACH_DEVICE(ClassifierTest);

}  // namespace
}  // namespace vitrine
