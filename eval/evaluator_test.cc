#include "eval/evaluator.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "ATen/ops/arange.h"
#include "ATen/ops/full.h"
#include "ATen/ops/randint.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/parallel/single_process.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/source/image_source.h"
#include "data/source/memory_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/inference_model.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AccumulateTest : public EachDevice {
 protected:
  Evaluation Of(const at::Tensor& logits, const at::Tensor& labels) const {
    Evaluation evaluation;
    Accumulate(logits.to(device_), labels.to(device_), &evaluation);
    return evaluation;
  }
};

// Five images, of the class of their number.
class WithoutThird final : public ImageSource {
 public:
  int64_t size() const override { return 5; }
  int64_t Label(int64_t index) const override { return index; }
  std::string Name(int64_t index) const override { return std::to_string(index); }
  absl::StatusOr<StoredImage> Read(int64_t index) const override {
    if (index == 2) return absl::DataLossError("the third is damaged");
    return PlanarPixels{.pixels = pixels_.data(), .channels = 1, .height = 8, .width = 8};
  }

 private:
  const std::vector<uint8_t> pixels_ = std::vector<uint8_t>(64);
};

using EvaluateTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(AccumulateTest);
INSTANTIATE_ON_EACH_DEVICE(EvaluateTest);

TEST_P(AccumulateTest, RanksByScore) {
  // Scores 0 to 9: class 9 is first, class 5 fifth, class 4 sixth.
  const at::Tensor logits = at::arange(10, at::kFloat).repeat({3, 1});
  const Evaluation e = Of(logits, at::tensor({9, 5, 4}, at::kLong));
  EXPECT_EQ(e.count, 3);
  EXPECT_EQ(e.finite, 3);
  EXPECT_EQ(e.correct_top1, 1);
  EXPECT_EQ(e.correct_top5, 2);
}

TEST_P(AccumulateTest, OfEqualScoresTheSmallerClassIsFirst) {
  const at::Tensor logits = at::zeros({3, 10});
  const Evaluation e = Of(logits, at::tensor({0, 4, 5}, at::kLong));
  EXPECT_EQ(e.correct_top1, 1);
  EXPECT_EQ(e.correct_top5, 2);
}

TEST_P(AccumulateTest, LossIsTheSumOfCrossEntropies) {
  const Evaluation e = Of(at::zeros({2, 10}), at::tensor({0, 4}, at::kLong));
  EXPECT_NEAR(e.loss_sum, 2 * std::log(10), 1e-12);
  EXPECT_NEAR(e.loss(), std::log(10), 1e-12);
}

TEST_P(AccumulateTest, NotANumberIsNeverRight) {
  const at::Tensor logits = at::full({1, 10}, std::numeric_limits<double>::quiet_NaN(), at::kFloat);
  const Evaluation e = Of(logits, at::tensor({0}, at::kLong));
  EXPECT_EQ(e.finite, 0);
  EXPECT_EQ(e.correct_top1, 0);
  EXPECT_EQ(e.correct_top5, 0);
}

TEST_P(AccumulateTest, FewerThanFiveClassesAreAllInTheTopFive) {
  EXPECT_EQ(Of(at::zeros({1, 3}), at::tensor({2}, at::kLong)).correct_top5, 1);
}

TEST_P(EvaluateTest, CountsEveryImageWhateverTheBatch) {
  ModelConfig config;
  config.set_image_size(8);
  config.set_width(16);
  config.set_depth(1);
  config.set_heads(2);
  const VisionTransformer model = VisionTransformer::Create(config, 1).value().Clone(device_);
  ImageSet images;
  images.images = at::randint(0, 256, {37, 1, 8, 8}, at::kLong).to(at::kByte);
  images.labels = at::arange(37, at::kLong).remainder(10);
  Dataset dataset;
  dataset.test = std::make_shared<MemorySource>("made up", images);
  const LoaderSpec spec = {
      .config = DataConfig(), .shape = {.channels = 1, .size = Square(8)}, .device = device_};
  const auto evaluate = [&](int64_t batch) {
    const auto loader = Loader::ForEvaluation(dataset, Split::kTest, spec, batch).value();
    return Evaluate(InferenceModel(&model), loader.get(), Alone()).value();
  };
  const Evaluation whole = evaluate(37);
  EXPECT_EQ(whole.count, 37);
  for (const int64_t batch : {1, 10, 36, 100}) {
    const Evaluation parts = evaluate(batch);
    EXPECT_EQ(parts.count, 37);
    EXPECT_EQ(parts.correct_top1, whole.correct_top1);
    EXPECT_EQ(parts.correct_top5, whole.correct_top5);
    EXPECT_NEAR(parts.loss(), whole.loss(), 1e-5);
  }
}

// The images of a folder, of which one can't be read.
TEST_P(EvaluateTest, WhatIsLeftOutMovesNoImage) {
  ModelConfig config;
  config.set_image_size(8);
  config.set_width(16);
  config.set_depth(1);
  config.set_heads(2);
  const VisionTransformer model = VisionTransformer::Create(config, 1).value().Clone(device_);
  Dataset dataset;
  dataset.test = std::make_shared<WithoutThird>();
  DataConfig data;
  data.set_on_bad_image(DataConfig::SKIP);
  const LoaderSpec spec = {
      .config = data, .shape = {.channels = 1, .size = Square(8)}, .device = device_};
  const auto loader = Loader::ForEvaluation(dataset, Split::kTest, spec, /*batch=*/2).value();
  std::vector<int64_t> indices, labels;
  ASSERT_OK(ForEachBatch(InferenceModel(&model), loader.get(), /*flips=*/false, Alone(),
                         [&](const ScoredBatch& batch) {
                           for (int64_t i = 0; i < batch.indices.size(0); ++i) {
                             indices.push_back(batch.indices[i].item<int64_t>());
                             labels.push_back(batch.labels[i].item<int64_t>());
                           }
                         }));
  EXPECT_THAT(indices, ElementsAre(0, 1, 3, 4));
  EXPECT_EQ(labels, indices);
  EXPECT_OK(TellLeftOut(loader->bad_images(), 4));
  EXPECT_THAT(TellLeftOut(loader->bad_images(), 0),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("the third is damaged")));
}

}  // namespace
}  // namespace vitrine
