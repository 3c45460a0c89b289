#include "analysis/rollout.h"

#include <cmath>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/full.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/ones_like.h"
#include "ATen/ops/rand.h"
#include "ATen/ops/rand_like.h"
#include "ATen/ops/randperm.h"
#include "ATen/ops/softmax.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kBatch = 2, kHeads = 3, kSide = 3, kTokens = 1 + kSide * kSide, kLayers = 4;

ModelConfig Config(bool class_token = true, int registers = 0) {
  ModelConfig config;
  config.set_image_size(12);
  config.set_patch_size(4);
  config.set_pooling(class_token ? ModelConfig::CLASS_TOKEN : ModelConfig::MEAN);
  config.set_register_tokens(registers);
  return config;
}

const TokenLayout kLayout{Config()};

std::vector<at::Tensor> RandomAttention(at::Device device) {
  std::vector<at::Tensor> layers;
  for (int64_t i = 0; i < kLayers; ++i) {
    layers.push_back(at::softmax(5 * at::rand({kBatch, kHeads, kTokens, kTokens}), -1).to(device));
  }
  return layers;
}

// Of tensors that are there all at once, which the functions under test have no need of.
at::Tensor RolloutOf(const std::vector<at::Tensor>& weights, const RolloutOptions& options,
                     const TokenLayout& layout = kLayout) {
  const auto of_layer = [&](int64_t layer) { return weights.at(layer); };
  return Rollout(static_cast<int64_t>(weights.size()), of_layer, options, layout);
}

at::Tensor GradientRolloutOf(const std::vector<at::Tensor>& weights,
                             const std::vector<at::Tensor>& gradients) {
  return GradientRollout(
      static_cast<int64_t>(weights.size()), [&](int64_t layer) { return weights.at(layer); },
      [&](int64_t layer) { return gradients.at(layer); });
}

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class RolloutTest : public EachDeviceAnd<RolloutOptions> {};

TEST_P(RolloutTest, RowsSumToOneAndNothingIsNegative) {
  const at::Tensor rollout = RolloutOf(RandomAttention(device_), GetParam());
  EXPECT_LT(Difference(rollout.sum(-1), at::ones({kBatch, kTokens}, device_)), 1e-5);
  EXPECT_GE(rollout.min().item<double>(), 0);
}

TEST_P(RolloutTest, OfIdentityIsIdentity) {
  const std::vector<at::Tensor> layers(kLayers,
                                       at::eye(kTokens, device_).expand({kBatch, kHeads, -1, -1}));
  EXPECT_LT(Difference(RolloutOf(layers, GetParam()), at::eye(kTokens, device_)), 1e-6);
}

TEST_P(RolloutTest, ABatchOfTwoIsTwoOfOne) {
  const std::vector<at::Tensor> layers = RandomAttention(device_);
  const at::Tensor both = RolloutOf(layers, GetParam());
  for (int64_t b = 0; b < kBatch; ++b) {
    std::vector<at::Tensor> one;
    for (const at::Tensor& layer : layers) one.push_back(layer.narrow(0, b, 1));
    EXPECT_LT(Difference(RolloutOf(one, GetParam())[0], both[b]), 1e-6);
  }
}

TEST_P(RolloutTest, PermutedPatchesPermuteIt) {
  const at::Tensor patches = at::randperm(kTokens - 1, at::kLong) + 1;
  const at::Tensor order = at::concat({at::zeros({1}, at::kLong), patches}).to(device_);
  std::vector<at::Tensor> layers = RandomAttention(device_);
  const at::Tensor rollout = RolloutOf(layers, GetParam());
  for (at::Tensor& layer : layers) layer = layer.index_select(2, order).index_select(3, order);
  const at::Tensor permuted = RolloutOf(layers, GetParam());
  EXPECT_LT(Difference(permuted, rollout.index_select(1, order).index_select(2, order)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Options, RolloutTest,
    OnEachDevice(::testing::Values(
        RolloutOptions{}, RolloutOptions{.head_fusion = HeadFusion::kMax},
        RolloutOptions{.head_fusion = HeadFusion::kMin}, RolloutOptions{.discard_ratio = 0.9},
        RolloutOptions{.head_fusion = HeadFusion::kMax, .discard_ratio = 0.5})),
    AndDevice([](const RolloutOptions& options) {
      const char* const fusions[] = {"Mean", "Max", "Min"};
      return absl::StrCat(fusions[static_cast<int>(options.head_fusion)], "Discards",
                          100 * options.discard_ratio);
    }));

using KnownRolloutTest = EachDevice;
using PatchMapsTest = EachDevice;
using GradientRolloutTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(KnownRolloutTest);
INSTANTIATE_ON_EACH_DEVICE(PatchMapsTest);
INSTANTIATE_ON_EACH_DEVICE(GradientRolloutTest);

// Uniform attention J / T is idempotent, so (I / 2 + J / 2T)^L = I / 2^L + (1 - 1 / 2^L) J / T.
TEST_P(KnownRolloutTest, OfUniformAttentionInClosedForm) {
  const std::vector<at::Tensor> layers(
      kLayers, at::full({1, kHeads, kTokens, kTokens}, 1.0 / kTokens, device_));
  const double kept = std::pow(0.5, kLayers);
  const at::Tensor expected = kept * at::eye(kTokens, device_) +
                              (1 - kept) * at::full({kTokens, kTokens}, 1.0 / kTokens, device_);
  EXPECT_LT(Difference(RolloutOf(layers, {})[0], expected), 1e-6);
}

// Two layers of three tokens by hand: the last layer stands on the left of the product.
TEST_P(KnownRolloutTest, ByHand) {
  const at::Tensor first =
      at::tensor({0., 1., 0., 0., 1., 0., 0., 0., 1.}).reshape({1, 1, 3, 3}).to(device_);
  const at::Tensor second =
      at::tensor({0., 0., 1., 0., 1., 0., 0., 0., 1.}).reshape({1, 1, 3, 3}).to(device_);
  ModelConfig config = Config();
  config.set_image_size(4);
  const at::Tensor expected =
      at::tensor({0.25, 0.25, 0.5, 0., 1., 0., 0., 0., 1.}).reshape({3, 3}).to(device_);
  const std::vector<at::Tensor> layers = {first, second};
  EXPECT_LT(Difference(RolloutOf(layers, {}, TokenLayout(config))[0], expected), 1e-6);
}

TEST_P(KnownRolloutTest, DiscardsInEachImageAndKeepsTheClassToken) {
  // The attention to the class token is the weakest of all, and in the second image that to the
  // patches is weaker than any in the first.
  at::Tensor weights = at::rand({2, 1, kTokens, kTokens}).to(device_) + 1;
  weights.select(3, 0).fill_(0.01);
  weights[1].slice(2, 1).mul_(0.1);
  const std::vector<at::Tensor> layers = {weights};
  const at::Tensor rollout = RolloutOf(layers, {.discard_ratio = 0.5});
  const at::Tensor off_diagonal = rollout * (1 - at::eye(kTokens, device_));
  const at::Tensor zeros = (off_diagonal.slice(2, 1) == 0).sum({1, 2}) - (kTokens - 1);
  EXPECT_NEAR(zeros[0].item<double>(), kTokens * (kTokens - 1) / 2, kTokens);
  EXPECT_NEAR(zeros[1].item<double>(), kTokens * (kTokens - 1) / 2, kTokens);
  EXPECT_GT(rollout.select(2, 0).min().item<double>(), 0)
      << "what is paid to the class token stays";
}

// Of twelve layers of many tokens all weights at once would be most of the memory.
TEST_P(KnownRolloutTest, OneLayerIsThereAtATime) {
  c10::weak_intrusive_ptr<c10::TensorImpl> before(c10::intrusive_ptr<c10::TensorImpl>{});
  int64_t asked = 0;
  const auto of_layer = [&](int64_t layer) {
    EXPECT_EQ(layer, asked++);
    EXPECT_TRUE(before.expired()) << "layer " << layer - 1 << " is kept";
    const at::Tensor weights = RandomAttention(device_)[0];
    before = c10::weak_intrusive_ptr<c10::TensorImpl>(weights.getIntrusivePtr());
    return weights;
  };
  Rollout(kLayers, of_layer, {.discard_ratio = 0.5}, kLayout);
  EXPECT_EQ(asked, kLayers);
  const at::Tensor gradients = at::ones({kBatch, kHeads, kTokens, kTokens}, device_);
  asked = 0;
  GradientRollout(kLayers, of_layer, [&](int64_t) { return gradients; });
  EXPECT_EQ(asked, kLayers);
}

TEST_P(PatchMapsTest, ClassTokensRowWithoutThePrefix) {
  const TokenLayout layout(Config(/*class_token=*/true, /*registers=*/2));
  ASSERT_EQ(layout.prefix, 3);
  at::Tensor relevance = at::rand({2, 12, 12}).to(device_);
  const at::Tensor maps = PatchMaps(relevance, layout);
  EXPECT_EQ(maps.sizes(), at::IntArrayRef({2, kSide, kSide}));
  EXPECT_LT(Difference(maps.sum({1, 2}), at::ones({2}, device_)), 1e-6);
  const at::Tensor row = relevance[1][0].slice(0, 3);
  EXPECT_LT(Difference(maps[1].flatten(), row / row.sum()), 1e-6);
}

TEST_P(PatchMapsTest, MeanOfThePatchesRowsWithoutRegisters) {
  const TokenLayout layout(Config(/*class_token=*/false, /*registers=*/1));
  ASSERT_EQ(layout.prefix, 1);
  const at::Tensor relevance = at::rand({1, 10, 10}).to(device_);
  const at::Tensor mean = relevance[0].slice(0, 1).mean(0).slice(0, 1);
  EXPECT_LT(Difference(PatchMaps(relevance, layout)[0].flatten(), mean / mean.sum()), 1e-6);
}

TEST_P(PatchMapsTest, OfNothingIsEqual) {
  const at::Tensor maps = PatchMaps(at::zeros({1, kTokens, kTokens}, device_), kLayout);
  EXPECT_LT(Difference(maps, at::full({1, kSide, kSide}, 1.0 / 9, device_)), 1e-7);
}

// Layer l's gradients weigh layer l's attention: with the gradients of the first layer zero, the
// second alone counts.
TEST_P(GradientRolloutTest, PairsLayers) {
  const std::vector<at::Tensor> weights = RandomAttention(device_);
  std::vector<at::Tensor> gradients(kLayers, at::zeros_like(weights[0]));
  gradients[1] = at::ones_like(weights[1]);
  const at::Tensor expected = at::eye(kTokens, device_) + weights[1].mean(1);
  EXPECT_LT(Difference(GradientRolloutOf(weights, gradients), expected), 1e-6);
}

TEST_P(GradientRolloutTest, NegativeContributionsAreLeftOut) {
  const std::vector<at::Tensor> weights = RandomAttention(device_);
  const std::vector<at::Tensor> gradients(kLayers, -at::ones_like(weights[0]));
  EXPECT_LT(Difference(GradientRolloutOf(weights, gradients), at::eye(kTokens, device_)), 1e-7);
}

TEST_P(GradientRolloutTest, TwoLayersByTheFormula) {
  std::vector<at::Tensor> weights = RandomAttention(device_);
  weights.resize(2);
  const std::vector<at::Tensor> gradients = {at::rand_like(weights[0]), at::rand_like(weights[0])};
  const at::Tensor first = (weights[0] * gradients[0]).mean(1);
  const at::Tensor second = (weights[1] * gradients[1]).mean(1);
  const at::Tensor expected =
      at::eye(kTokens, device_) + first + second + at::matmul(second, first);
  EXPECT_LT(Difference(GradientRolloutOf(weights, gradients), expected), 1e-5);
}

TEST(ParseHeadFusionTest, OthersAreRefused) {
  EXPECT_EQ(*ParseHeadFusion("max"), HeadFusion::kMax);
  EXPECT_THAT(ParseHeadFusion("median"),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("mean, max or min")));
}

}  // namespace
}  // namespace vitrine
