#include "train/update/gradient.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

at::Tensor NormOf(const std::vector<at::Tensor>& gradients) {
  return GlobalNorm(GradientNorms(gradients));
}

class GradientTest : public EachDevice {
 protected:
  std::vector<at::Tensor> ThreeAndFour() const {
    return {at::full({1}, 3.0, device_), at::full({1, 1}, 4.0, device_)};
  }

  // The norm of three and four once they are divided by what clipping divides them by.
  double ClippedNorm(const at::Tensor& norm, double max_norm) const {
    std::vector<at::Tensor> gradients = ThreeAndFour();
    for (at::Tensor& gradient : gradients) gradient = gradient / ClipDivisor(norm, max_norm);
    return NormOf(gradients).item<double>();
  }
};

using GlobalNormTest = GradientTest;
INSTANTIATE_ON_EACH_DEVICE(GlobalNormTest);

TEST_P(GlobalNormTest, IsEuclideanOverAllTensors) {
  EXPECT_TRUE(GradientNorms(ThreeAndFour()).cpu().equal(at::tensor({3.0f, 4.0f})));
  EXPECT_FLOAT_EQ(NormOf(ThreeAndFour()).item<float>(), 5);
}

// Of any number of dimensions, and a bad number shows.
TEST_P(GlobalNormTest, IsThatOfEachTensor) {
  at::Tensor weights = at::arange(24, at::kFloat).reshape({2, 3, 4}).to(device_) - 11.5;
  for (const at::Tensor& gradient : {weights, weights.view({6, 4}), weights.view({-1})}) {
    EXPECT_FLOAT_EQ(GradientNorms({gradient})[0].item<float>(), std::sqrt(1150.0F));
  }
  weights[1][2][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(NormOf({weights}).item<float>()));
  weights[1][2][3] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isinf(NormOf({weights}).item<float>()));
}

using ClipDivisorTest = GradientTest;
INSTANTIATE_ON_EACH_DEVICE(ClipDivisorTest);

TEST_P(ClipDivisorTest, BringsGradientsToTheNorm) {
  EXPECT_NEAR(ClippedNorm(NormOf(ThreeAndFour()), 1), 1, 1e-6);
}

TEST_P(ClipDivisorTest, LeavesSmallerOnesAsTheyAre) {
  EXPECT_EQ(ClipDivisor(NormOf(ThreeAndFour()), 6).item<float>(), 1);
  EXPECT_EQ(ClipDivisor(at::zeros({}, device_), 6).item<float>(), 1);
}

// Step 6 as reported: the norm of 65,536 times the gradients decides about the gradients.
TEST_P(ClipDivisorTest, NormOfScaledGradientsShrinksThemByTheScale) {
  EXPECT_NEAR(ClippedNorm(NormOf(ThreeAndFour()) * 65536, 1), 1.0 / 65536, 1e-11);
}

}  // namespace
}  // namespace vitrine
