#include "vit/layers.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/ones.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

class DropoutTest : public EachDevice {
 protected:
  ForwardContext Training(uint64_t seed) const {
    ForwardContext context;
    context.training = true;
    context.dropout_keys = DropoutKeys(seed);
    return context;
  }
};

using StochasticDepthTest = DropoutTest;
INSTANTIATE_ON_EACH_DEVICE(DropoutTest);
INSTANTIATE_ON_EACH_DEVICE(StochasticDepthTest);

TEST_P(DropoutTest, IsTheIdentityInEvaluation) {
  const at::Tensor x = at::ones({4, 5}, device_);
  EXPECT_TRUE(Dropout(x, 0.5, {}).is_same(x));
  EXPECT_TRUE(StochasticDepth(x, 0.5, {}).is_same(x));
}

TEST_P(DropoutTest, DropsTheShareAndKeepsTheMean) {
  const at::Tensor y = Dropout(at::ones({100'000}, device_), 0.1, Training(1));
  const double dropped = (y == 0).sum().item<double>() / 100'000;
  EXPECT_NEAR(dropped, 0.1, 0.005);  // five standard deviations
  EXPECT_NEAR(y.max().item<double>(), 1 / 0.9, 1e-6);
}

TEST_P(DropoutTest, SameGeneratorSameMask) {
  const at::Tensor x = at::ones({1000}, device_);
  EXPECT_TRUE(Dropout(x, 0.5, Training(3)).equal(Dropout(x, 0.5, Training(3))));
  EXPECT_FALSE(Dropout(x, 0.5, Training(3)).equal(Dropout(x, 0.5, Training(4))));
}

TEST_P(DropoutTest, GradientIsTheMask) {
  at::Tensor x = at::ones({1000}, device_).requires_grad_(true);
  const at::Tensor y = Dropout(x, 0.3, Training(5));
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal(y.detach()));
}

TEST_P(StochasticDepthTest, DropsWholeSamples) {
  const at::Tensor y = StochasticDepth(at::ones({2000, 3, 4}, device_), 0.25, Training(1));
  const at::Tensor sums = y.sum({1, 2});
  const at::Tensor zero = sums == 0;
  const at::Tensor whole = (sums - 12 / 0.75).abs() < 1e-4;
  EXPECT_TRUE((zero | whole).all().item<bool>());
  EXPECT_NEAR(zero.sum().item<double>() / 2000, 0.25, 0.05);
}

TEST(DropoutDeathTest, TrainingWithoutGeneratorIsABrokenInvariant) {
  ForwardContext context;
  context.training = true;
  EXPECT_DEATH(Dropout(at::ones({2}), 0.5, context), "needs keys");
}

}  // namespace
}  // namespace vitrine
