#include "base/tensors/autocast.h"

#include "ATen/TensorOperators.h"
#include "ATen/autocast_mode.h"  // beside our declarations, which it would contradict
#include "ATen/core/grad_mode.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/ones.h"
#include "base/tensors/autocast_mode.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

class AutocastTest : public EachDevice {
 protected:
  at::ScalarType TypeOfProduct() const {
    return at::linear(at::ones({2, 3}, device_), at::ones({4, 3}, device_)).scalar_type();
  }
};

TEST_P(AutocastTest, ProductsHaveTheTypeWhileItLives) {
  {
    const Autocast autocast(device_.type(), at::kBFloat16);
    EXPECT_EQ(TypeOfProduct(), at::kBFloat16);
    {
      const Autocast inner(device_.type(), at::kHalf);
      EXPECT_EQ(TypeOfProduct(), at::kHalf);
    }
    EXPECT_EQ(TypeOfProduct(), at::kBFloat16);
  }
  EXPECT_EQ(TypeOfProduct(), at::kFloat);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(device_.type()));
}

TEST_P(AutocastTest, WithoutATypeNothingChanges) {
  const Autocast autocast(device_.type(), std::nullopt);
  EXPECT_EQ(TypeOfProduct(), at::kFloat);
}

// Autocast keeps the converted weight of a leaf that needs a gradient, and does not see that the
// weight has changed.
TEST_P(AutocastTest, UpdatedWeightsAreSeenByTheNextIteration) {
  at::Tensor weight = at::ones({1, 4}, device_).requires_grad_(true);
  const auto forward = [&] {
    const Autocast autocast(device_.type(), at::kBFloat16);
    return at::linear(at::ones({1, 4}, device_), weight).item<float>();
  };
  EXPECT_EQ(forward(), 4);
  {
    const at::NoGradGuard no_grad;
    weight.mul_(5);
  }
  EXPECT_EQ(forward(), 20);
}

INSTANTIATE_ON_EACH_DEVICE(AutocastTest);

}  // namespace
}  // namespace vitrine
