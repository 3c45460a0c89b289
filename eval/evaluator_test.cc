#include "eval/evaluator.h"

#include <cmath>
#include <limits>

#include "ATen/ops/arange.h"
#include "ATen/ops/full.h"
#include "ATen/ops/randint.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/source/memory_source.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

class AccumulateTest : public EachDevice {
 protected:
  Evaluation Of(const at::Tensor& logits, const at::Tensor& labels) const {
    Evaluation evaluation;
    Accumulate(logits.to(device_), labels.to(device_), &evaluation);
    return evaluation;
  }
};

using EvaluateTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(AccumulateTest);
INSTANTIATE_ON_EACH_DEVICE(EvaluateTest);

TEST_P(AccumulateTest, RanksByScore) {
  // Scores 0 to 9: class 9 is first, class 5 fifth, class 4 sixth.
  const at::Tensor logits = at::arange(10, at::kFloat).repeat({3, 1});
  const Evaluation e = Of(logits, at::tensor({9, 5, 4}, at::kLong));
  EXPECT_EQ(e.count, 3);
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
      .config = DataConfig(), .shape = {.channels = 1, .size = 8}, .device = device_};
  const auto evaluate = [&](int64_t batch) {
    const auto loader = Loader::ForEvaluation(dataset, Split::kTest, spec, batch).value();
    return Evaluate(model, loader.get()).value();
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

}  // namespace
}  // namespace vitrine
