#include "data/batch.h"

#include <vector>

#include "ATen/ops/arange.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `count` images of 32 x 8 pixels; every byte occurs in every channel; labels are 100, 101, ...
ImageSet SomeImages(int64_t count, int64_t channels) {
  return {at::arange(count * channels * 256).to(at::kByte).view({count, channels, 32, 8}),
          at::arange(100, 100 + count)};
}

DataConfig Config(const std::vector<float>& mean, const std::vector<float>& std) {
  DataConfig config;
  config.mutable_mean()->Assign(mean.begin(), mean.end());
  config.mutable_std()->Assign(std.begin(), std.end());
  return config;
}

Normalization Make(const DataConfig& config, int64_t channels) {
  return Normalization::Create(config, channels).value();
}

TEST(NormalizationTest, DefaultIsFromMinusOneToOne) {
  const Normalization normalization = Make(DataConfig(), 3);
  EXPECT_EQ(normalization.channels(), 3);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(normalization.table(c)[0], -1.0f);
    EXPECT_EQ(normalization.table(c)[255], 1.0f);
  }
}

TEST(NormalizationTest, AnotherNumberOfChannelsIsRefused) {
  EXPECT_THAT(Normalization::Create(Config({0.1f}, {0.3f}), 3),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("data.mean, data.std: must have one number for each of the 3")));
  EXPECT_THAT(Normalization::Create(Config({0.1f}, {}), 1),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("have 1 and 0")));
}

// libtorch computes the same formula, tensor by tensor, to the same bits.
TEST(MakeBatchTest, PixelsAreTheFormulasToTheLastBit) {
  const std::vector<float> mean = {0.4914f, 0.4822f, 0.4465f}, std = {0.247f, 0.2435f, 0.2616f};
  const ImageSet set = SomeImages(4, 3);
  const at::Tensor shaped_mean = at::tensor(mean).view({1, 3, 1, 1});
  const at::Tensor shaped_std = at::tensor(std).view({1, 3, 1, 1});
  const at::Tensor expected = set.images.to(at::kFloat).div(255).sub(shaped_mean).div(shaped_std);
  const Batch batch = MakeBatch(set, 0, 4, Make(Config(mean, std), 3));
  EXPECT_EQ(batch.images.scalar_type(), at::kFloat);
  EXPECT_TRUE(batch.images.equal(expected));
}

TEST(MakeBatchTest, ImagesAndLabelsFollowTheIndices) {
  const ImageSet set = SomeImages(5, 1);
  const std::vector<int64_t> indices = {4, 0, 4};
  const Batch batch = MakeBatch(set, indices, Make(DataConfig(), 1));
  EXPECT_THAT(batch.images.sizes(), ElementsAre(3, 1, 32, 8));
  EXPECT_TRUE(batch.labels.equal(at::tensor({104, 100, 104}, at::kLong)));
  EXPECT_TRUE(batch.images.equal(
      set.images.to(at::kFloat).div(255).sub(0.5).div(0.5).index_select(0, at::tensor(indices))));
}

TEST(MakeBatchTest, RangeIsItsIndices) {
  const ImageSet set = SomeImages(5, 3);
  const Normalization normalization = Make(DataConfig(), 3);
  const Batch range = MakeBatch(set, 1, 4, normalization);
  const Batch indexed = MakeBatch(set, std::vector<int64_t>{1, 2, 3}, normalization);
  EXPECT_TRUE(range.images.equal(indexed.images));
  EXPECT_TRUE(range.labels.equal(indexed.labels));
}

TEST(MakeBatchDeathTest, IndexOutOfRangeStopsTheProgram) {
  const ImageSet set = SomeImages(5, 1);
  EXPECT_DEATH(MakeBatch(set, 4, 6, Make(DataConfig(), 1)), "5 of 5");
}

}  // namespace
}  // namespace vitrine
