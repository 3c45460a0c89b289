#include "data/batches/mix.h"

#include <cmath>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/rand.h"
#include "ATen/ops/tensor.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr int kSize = 16;

MixConfig Config(double mixup_alpha, double cutmix_alpha) {
  MixConfig config;
  config.set_mixup_alpha(mixup_alpha);
  config.set_cutmix_alpha(cutmix_alpha);
  return config;
}

class ApplyMixTest : public EachDevice {
 protected:
  Batch SomeBatch() const {
    Batch batch;
    batch.images = at::rand({4, 3, kSize, kSize}).to(device_);
    batch.labels = at::tensor({2, 0, 1, 2}, at::kLong).to(device_);
    return batch;
  }
};

INSTANTIATE_ON_EACH_DEVICE(ApplyMixTest);

TEST(DrawMixTest, NothingWithoutAlpha) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(DrawMix(MixConfig(), 1, i, Square(kSize)).has_value());
}

TEST(DrawMixTest, SameForTheSameIterationAndNoOther) {
  const MixConfig config = Config(1, 1);
  const auto a = DrawMix(config, 7, 3, Square(kSize)), b = DrawMix(config, 7, 3, Square(kSize));
  EXPECT_EQ(a->weight, b->weight);
  EXPECT_EQ(a->box, b->box);
  EXPECT_NE(a->weight, DrawMix(config, 7, 4, Square(kSize))->weight);
  EXPECT_NE(a->weight, DrawMix(config, 8, 3, Square(kSize))->weight);
}

// Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)). With 20,000 draws and fixed seeds the
// bounds are above six standard errors.
TEST(DrawMixTest, WeightsOfMixupAreBetaDistributed) {
  for (const double alpha : {0.2, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      const double weight = DrawMix(Config(alpha, 0), 1, i, Square(kSize))->weight;
      ASSERT_GE(weight, 0);
      ASSERT_LE(weight, 1);
      sum += weight;
      squares += (weight - 0.5) * (weight - 0.5);
    }
    EXPECT_NEAR(sum / kDraws, 0.5, 0.02) << alpha;
    EXPECT_NEAR(squares / kDraws, 0.25 / (2 * alpha + 1), 0.01) << alpha;
  }
}

// With 20,000 draws the standard error of a share is at most 0.0036.
TEST(DrawMixTest, ProbabilitiesOfMixingAndOfCutMix) {
  MixConfig config = Config(0.8, 1);
  config.set_probability(0.7);
  config.set_switch_probability(0.25);
  double mixed = 0, cut = 0;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto mix = DrawMix(config, 1, i, Square(kSize));
    mixed += mix.has_value();
    cut += mix && mix->box;
  }
  EXPECT_NEAR(mixed / kDraws, 0.7, 0.02);
  EXPECT_NEAR(cut / mixed, 0.25, 0.02);
}

TEST(DrawMixTest, BoxLiesWithinAndTheWeightIsWhatItLeaves) {
  for (int i = 0; i < 5000; ++i) {
    const Mix mix = *DrawMix(Config(0, 1), 1, i, Square(kSize));
    const Box& box = *mix.box;
    ASSERT_TRUE(box.x >= 0 && box.y >= 0 && box.x + box.width <= kSize &&
                box.y + box.height <= kSize);
    ASSERT_DOUBLE_EQ(mix.weight, 1 - box.width * box.height / double{kSize * kSize});
  }
}

TEST_P(ApplyMixTest, MixupIsTheWeightedSumOfImagesAndLabels) {
  Batch batch = SomeBatch();
  const at::Tensor images = batch.images.clone();
  ApplyMix({.weight = 0.75, .box = {}}, 3, &batch);
  const at::Tensor before = at::tensor({3, 0, 1, 2}, at::kLong).to(device_);
  EXPECT_TRUE(batch.images.allclose(images * 0.75 + images.index_select(0, before) * 0.25));
  EXPECT_TRUE(batch.soft_labels.cpu().equal(
      at::tensor({0.0, 0.0, 1.0, 0.75, 0.0, 0.25, 0.25, 0.75, 0.0, 0.0, 0.25, 0.75}, at::kFloat)
          .view({4, 3})));
}

TEST_P(ApplyMixTest, CutMixReplacesTheBoxAndNothingElse) {
  Batch batch = SomeBatch();
  const at::Tensor images = batch.images.clone();
  ApplyMix({.weight = 0.9, .box = Box{.x = 3, .y = 5, .width = 7, .height = 2}}, 3, &batch);
  for (int i = 0; i < 4; ++i) {
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const bool inside = x >= 3 && x < 10 && y >= 5 && y < 7;
        const int from = inside ? (i + 3) % 4 : i;
        ASSERT_TRUE(batch.images[i].select(1, y).select(1, x).equal(
            images[from].select(1, y).select(1, x)));
      }
    }
  }
  EXPECT_FLOAT_EQ(batch.soft_labels[0][2].item<float>(), 1.0f);  // image 3 has the same label
  EXPECT_FLOAT_EQ(batch.soft_labels[1][0].item<float>(), 0.9f);
}

TEST_P(ApplyMixTest, EmptyBoxAndBatchOfOneChangeNothing) {
  Batch batch = SomeBatch();
  const at::Tensor images = batch.images.clone();
  ApplyMix({.weight = 1, .box = Box{}}, 3, &batch);
  EXPECT_TRUE(batch.images.equal(images));
  Batch one = {.images = images.slice(0, 0, 1).clone(),
               .labels = batch.labels.slice(0, 0, 1),
               .soft_labels = {}};
  ApplyMix({.weight = 0.5, .box = {}}, 3, &one);
  EXPECT_TRUE(one.images.allclose(images.slice(0, 0, 1)));
  EXPECT_FLOAT_EQ(one.soft_labels[0][2].item<float>(), 1.0f);
}

}  // namespace
}  // namespace vitrine
