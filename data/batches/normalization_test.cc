#include "data/batches/normalization.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Images of 32 x 8 pixels, in which every byte occurs in every channel.
at::Tensor SomeImages(int64_t count, int64_t channels) {
  return at::arange(count * channels * 256).to(at::kByte).view({count, channels, 32, 8});
}

DataConfig Config(const std::vector<float>& mean, const std::vector<float>& std) {
  DataConfig config;
  config.mutable_mean()->Assign(mean.begin(), mean.end());
  config.mutable_std()->Assign(std.begin(), std.end());
  return config;
}

Normalization Make(const DataConfig& config, int64_t channels, at::Device device = at::kCPU) {
  return Normalization::Create(config, channels, device).value();
}

using NormalizationTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(NormalizationTest);

TEST_P(NormalizationTest, DefaultIsFromMinusOneToOne) {
  const Normalization normalization = Make(DataConfig(), 3, device_);
  EXPECT_EQ(normalization.channels(), 3);
  const at::Tensor images = normalization.Apply(SomeImages(2, 3).to(device_));
  EXPECT_FLOAT_EQ(images.min().item<float>(), -1);
  EXPECT_FLOAT_EQ(images.max().item<float>(), 1);
}

TEST_P(NormalizationTest, InvertGivesTheBytesBack) {
  DataConfig statistics;
  statistics.set_normalization(DataConfig::IMAGENET_STATS);
  for (const DataConfig& config : {DataConfig(), statistics}) {
    const Normalization normalization = Make(config, 3, device_);
    const at::Tensor images = SomeImages(2, 3);
    EXPECT_TRUE(normalization.Invert(normalization.Apply(images.to(device_))).equal(images));
  }
}

TEST(NormalizationTest, InvertStaysWithinBytes) {
  const at::Tensor bytes =
      Make(DataConfig(), 1).Invert(at::tensor({-7.0f, 7.0f}).view({1, 1, 1, 2}));
  EXPECT_EQ(bytes.min().item<int64_t>(), 0);
  EXPECT_EQ(bytes.max().item<int64_t>(), 255);
}

TEST(NormalizationTest, AnotherNumberOfChannelsIsRefused) {
  EXPECT_THAT(Normalization::Create(Config({0.1f}, {0.3f}), 3),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("data.mean, data.std: must have one number for each of the 3")));
  EXPECT_THAT(Normalization::Create(Config({0.1f}, {}), 1),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("have 1 and 0")));
  DataConfig config;
  config.set_normalization(DataConfig::IMAGENET_STATS);
  EXPECT_THAT(
      Normalization::Create(config, 1),
      Fails(absl::StatusCode::kInvalidArgument,
            "data.normalization: IMAGENET_STATS is for 3 channel(s), but the images have 1"));
}

// libtorch computes the same formula, tensor by tensor, to the same bits.
TEST(NormalizationTest, PixelsAreTheFormulasToTheLastBit) {
  const std::vector<float> mean = {0.4914f, 0.4822f, 0.4465f}, std = {0.247f, 0.2435f, 0.2616f};
  const at::Tensor images = SomeImages(4, 3);
  const at::Tensor expected = images.to(at::kFloat)
                                  .div(255)
                                  .sub(at::tensor(mean).view({1, 3, 1, 1}))
                                  .div(at::tensor(std).view({1, 3, 1, 1}));
  const at::Tensor normalized = Make(Config(mean, std), 3).Apply(images);
  EXPECT_EQ(normalized.scalar_type(), at::kFloat);
  EXPECT_TRUE(normalized.equal(expected));
  DataConfig named;
  named.set_normalization(DataConfig::CIFAR10_STATS);
  EXPECT_TRUE(Make(named, 3).Apply(images).equal(expected)) << "the same numbers by their name";
}

TEST_P(NormalizationTest, PixelsAreTheSameEverywhere) {
  DataConfig config;
  config.set_normalization(DataConfig::CIFAR10_STATS);
  const Normalization normalization = Make(config, 3, device_);
  const at::Tensor images = SomeImages(4, 3);
  const at::Tensor here = normalization.Apply(images.to(device_));
  EXPECT_EQ(here.device(), device_);
  EXPECT_TRUE(here.cpu().equal(normalization.Apply(images)));
}

TEST(NormalizationTest, MeanColorBecomesNearlyZero) {
  DataConfig config;
  config.set_normalization(DataConfig::IMAGENET_STATS);
  EXPECT_THAT(Make(config, 3).MeanColor(), ElementsAre(124, 116, 104));
  EXPECT_THAT(Make(DataConfig(), 1).MeanColor(), ElementsAre(128, 128, 128));
  EXPECT_THAT(Make(Config({-1, 0, 7}, {1, 1, 1}), 3).MeanColor(), ElementsAre(0, 0, 255));
}

}  // namespace
}  // namespace vitrine
