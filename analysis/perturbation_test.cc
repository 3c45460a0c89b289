#include "analysis/perturbation.h"

#include <cmath>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/allclose.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros_like.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr int64_t kClass = 3;

VisionTransformer Model(at::Device device) {
  ModelConfig config;
  config.set_image_size(8);
  config.set_patch_size(4);
  config.set_width(16);
  config.set_depth(1);
  config.set_heads(2);
  return VisionTransformer::Create(config, 3).value().Clone(device);
}

at::Tensor RandomImage() {
  return at::empty({1, 1, 8, 8}).normal_(0, 1, at::detail::createCPUGenerator(1));
}

double Probability(const VisionTransformer& model, const at::Tensor& image) {
  const at::NoGradGuard no_grad;
  return model.Forward(image, {}).to(at::kDouble).softmax(1)[0][kClass].item<double>();
}

// Patch `index` of 2 x 2.
at::Tensor PatchOf(const at::Tensor& image, int64_t index) {
  return image.narrow(2, index / 2 * 4, 4).narrow(3, index % 2 * 4, 4);
}

// Of a map on the CPU.
using PerturbTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(PerturbTest);

TEST_P(PerturbTest, IsTheAreaUnderTheCurve) {
  const VisionTransformer model = Model(device_);
  const at::Tensor image = RandomImage().to(device_);
  const at::Tensor map = at::tensor({0.1F, 0.4F, 0.3F, 0.2F}).view({2, 2});
  at::Tensor deleted = image.clone(), inserted = at::zeros_like(image);
  std::vector<double> deletion = {Probability(model, deleted)};
  std::vector<double> insertion = {Probability(model, inserted)};
  for (const int64_t patch : {1, 2, 3, 0}) {
    PatchOf(deleted, patch).zero_();
    PatchOf(inserted, patch).copy_(PatchOf(image, patch));
    deletion.push_back(Probability(model, deleted));
    insertion.push_back(Probability(model, inserted));
  }
  const auto area = [](const std::vector<double>& p) {
    return (p[0] / 2 + p[1] + p[2] + p[3] + p[4] / 2) / 4;
  };
  const PerturbationScores scores = Perturb(model, image, map, kClass, /*steps=*/99);
  EXPECT_NEAR(scores.deletion, area(deletion), 1e-6);
  EXPECT_NEAR(scores.insertion, area(insertion), 1e-6);
  EXPECT_GT(std::abs(scores.deletion - scores.insertion), 1e-4);
}

TEST_P(PerturbTest, FewerStepsChangeSeveralPatchesAtOnce) {
  const VisionTransformer model = Model(device_);
  const at::Tensor image = RandomImage().to(device_);
  const at::Tensor map = at::tensor({4.F, 3.F, 2.F, 1.F}).view({2, 2});
  at::Tensor half = image.clone();
  half.narrow(2, 0, 4).zero_();
  const double expected = Probability(model, image) / 4 + Probability(model, half) / 2 +
                          Probability(model, at::zeros_like(image)) / 4;
  EXPECT_NEAR(Perturb(model, image, map, kClass, /*steps=*/2).deletion, expected, 1e-6);
}

PatchGrid Grid(int rows, int columns) {
  ModelConfig config;
  config.set_patch_size(1);
  config.set_image_size(rows);
  config.set_image_width(columns);
  return PatchGrid(config);
}

TEST(PriorsTest, RandomIsAFunctionOfSeedAndIndex) {
  const PatchGrid grid = Grid(4, 3);
  EXPECT_TRUE(RandomMap(grid, 1, 2).equal(RandomMap(grid, 1, 2)));
  EXPECT_FALSE(RandomMap(grid, 1, 2).equal(RandomMap(grid, 1, 3)));
  EXPECT_FALSE(RandomMap(grid, 1, 2).equal(RandomMap(grid, 2, 2)));
}

TEST(PriorsTest, CenterFallsToAllSides) {
  const at::Tensor map = CenterMap(Grid(5, 5));
  EXPECT_EQ(map.argmax().item<int64_t>(), 12);
  EXPECT_EQ(map[0][0].item<float>(), map.min().item<float>());
  EXPECT_EQ(map[0][0].item<float>(), 1) << "positive everywhere";
  EXPECT_TRUE(map.equal(map.t()));
  EXPECT_TRUE(map.equal(map.flip({0, 1})));
  EXPECT_TRUE(at::allclose(CenterMap(Grid(3, 5)), map.narrow(0, 1, 3) - map[1][0] + 1));
}

TEST(MeanOfSampleTest, ByHand) {
  const std::vector<double> values = {1, 2, 3, 4};
  const Estimate estimate = MeanOfSample(values);
  EXPECT_DOUBLE_EQ(estimate.mean, 2.5);
  EXPECT_NEAR(estimate.margin, 1.96 * std::sqrt(5.0 / 3 / 4), 1e-4);
}

}  // namespace
}  // namespace vitrine
