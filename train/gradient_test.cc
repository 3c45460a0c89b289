#include "train/gradient.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

std::vector<at::Tensor> ThreeAndFour() { return {at::full({1}, 3.0), at::full({1, 1}, 4.0)}; }

at::Tensor NormOf(const std::vector<at::Tensor>& gradients) {
  return GlobalNorm(GradientNorms(gradients));
}

TEST(GlobalNormTest, IsEuclideanOverAllTensors) {
  EXPECT_TRUE(GradientNorms(ThreeAndFour()).equal(at::tensor({3.0f, 4.0f})));
  EXPECT_FLOAT_EQ(NormOf(ThreeAndFour()).item<float>(), 5);
}

TEST(ClipGradientsTest, ScalesDownToTheNorm) {
  auto gradients = ThreeAndFour();
  ClipGradients(NormOf(gradients), 1, gradients);
  EXPECT_NEAR(gradients[0].item<float>(), 0.6, 1e-6);
  EXPECT_NEAR(gradients[1].item<float>(), 0.8, 1e-6);
}

TEST(ClipGradientsTest, LeavesSmallerOnesAsTheyAre) {
  auto gradients = ThreeAndFour();
  ClipGradients(NormOf(gradients), 6, gradients);
  EXPECT_EQ(gradients[0].item<float>(), 3);
  EXPECT_EQ(gradients[1].item<float>(), 4);
}

// Step 6 as reported: the norm of 65,536 times the gradients decides about the gradients.
TEST(ClipGradientsTest, NormOfScaledGradientsShrinksThemByTheScale) {
  auto gradients = ThreeAndFour();
  ClipGradients(NormOf(gradients) * 65536, 1, gradients);
  EXPECT_NEAR(NormOf(gradients).item<double>(), 1.0 / 65536, 1e-11);
}

TEST(ClipGradientsTest, ZeroStaysZero) {
  std::vector<at::Tensor> gradients = {at::zeros({3})};
  ClipGradients(NormOf(gradients), 1, gradients);
  EXPECT_TRUE(gradients[0].equal(at::zeros({3})));
}

}  // namespace
}  // namespace vitrine
