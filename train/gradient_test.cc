#include "train/gradient.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "ATen/ops/zeros.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

std::vector<at::Tensor> ThreeAndFour() { return {at::full({1}, 3.0), at::full({1, 1}, 4.0)}; }

TEST(GradientNormTest, IsEuclideanOverAllTensors) {
  EXPECT_FLOAT_EQ(GradientNorm(ThreeAndFour()).item<float>(), 5);
}

TEST(ClipGradientsTest, ScalesDownToTheNorm) {
  auto gradients = ThreeAndFour();
  ClipGradients(GradientNorm(gradients), 1, gradients);
  EXPECT_NEAR(gradients[0].item<float>(), 0.6, 1e-6);
  EXPECT_NEAR(gradients[1].item<float>(), 0.8, 1e-6);
}

TEST(ClipGradientsTest, LeavesSmallerOnesAsTheyAre) {
  auto gradients = ThreeAndFour();
  ClipGradients(GradientNorm(gradients), 6, gradients);
  EXPECT_EQ(gradients[0].item<float>(), 3);
  EXPECT_EQ(gradients[1].item<float>(), 4);
}

TEST(ClipGradientsTest, ZeroStaysZero) {
  std::vector<at::Tensor> gradients = {at::zeros({3})};
  ClipGradients(GradientNorm(gradients), 1, gradients);
  EXPECT_TRUE(gradients[0].equal(at::zeros({3})));
}

}  // namespace
}  // namespace vitrine
