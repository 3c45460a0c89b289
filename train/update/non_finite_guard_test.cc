#include "train/update/non_finite_guard.h"

#include <limits>

#include "ATen/core/Tensor.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class NonFiniteGuardTest : public EachDevice {
 protected:
  bool Observe(NonFiniteGuard& guard, int64_t iteration, float loss, float a, float b) const {
    const at::Tensor norms = at::tensor({a, b}).to(device_);
    const at::Tensor index = at::full({}, iteration, at::TensorOptions(at::kLong).device(device_));
    return guard.Observe(index, at::full({}, loss, device_), norms).item<float>() == 1;
  }

  NonFiniteGuard stop_{ExperimentConfig::STOP, {"a", "b"}, device_};
  NonFiniteGuard skip_{ExperimentConfig::SKIP, {"a", "b"}, device_};
};

TEST_P(NonFiniteGuardTest, FiniteValuesPass) {
  EXPECT_FALSE(Observe(stop_, 0, 1e30f, 0, -1));
  EXPECT_OK(stop_.Check());
}

TEST_P(NonFiniteGuardTest, NamesTheFirstBadIterationAndTensor) {
  EXPECT_FALSE(Observe(stop_, 6, 1, 1, 1));
  EXPECT_TRUE(Observe(stop_, 7, 1, 1, kInf));
  EXPECT_TRUE(Observe(stop_, 8, kNan, kNan, kNan));
  EXPECT_FALSE(Observe(stop_, 9, 1, 1, 1));
  EXPECT_THAT(stop_.Check(),
              Fails(absl::StatusCode::kInternal, AllOf(HasSubstr("iteration 7: the gradient of b"),
                                                       HasSubstr("on_non_finite=SKIP"))));
}

TEST_P(NonFiniteGuardTest, BadLossComesBeforeBadGradients) {
  EXPECT_TRUE(Observe(stop_, 3, kNan, kNan, 1));
  EXPECT_THAT(stop_.Check(),
              Fails(absl::StatusCode::kInternal, HasSubstr("iteration 3: the loss is nan")));
}

TEST_P(NonFiniteGuardTest, SkippingGoesOn) {
  EXPECT_TRUE(Observe(skip_, 3, kNan, 1, 1));
  EXPECT_OK(skip_.Check());
  EXPECT_FALSE(Observe(skip_, 4, 1, 1, 1));
  EXPECT_TRUE(Observe(skip_, 5, 1, kInf, 1));
  EXPECT_OK(skip_.Check());
}

INSTANTIATE_ON_EACH_DEVICE(NonFiniteGuardTest);

}  // namespace
}  // namespace vitrine
