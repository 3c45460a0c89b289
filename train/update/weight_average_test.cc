#include "train/update/weight_average.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/full.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

class WeightAverageTest : public EachDevice {
 protected:
  void Set(double value) {
    const at::NoGradGuard no_grad;
    parameters_[0].tensor.fill_(value);
  }

  static double Value(const WeightAverage& average) {
    return average.State().at("w")[1].item<double>();
  }

  std::vector<NamedParameter> parameters_ = {
      {"w",
       at::full({2}, 0.0, at::TensorOptions(device_).dtype(at::kDouble)).requires_grad_(true)}};
};

TEST_P(WeightAverageTest, IsTheMeanUpToTheHorizonAndDecaysAfterIt) {
  WeightAverage average(parameters_, /*horizon=*/4);
  double expected = 0;
  for (int n = 1; n <= 10; ++n) {
    Set(n * n);
    average.Update();
    if (n <= 4) {
      expected = (n + 1) * (2 * n + 1) / 6.0;  // the mean of 1, 4, ..., n^2
    } else {
      expected += (n * n - expected) / 4;
    }
    EXPECT_NEAR(Value(average), expected, 1e-12) << n;
  }
}

TEST_P(WeightAverageTest, GoesOnFromItsState) {
  WeightAverage whole(parameters_, 3), first(parameters_, 3), second(parameters_, 3);
  for (int n = 1; n <= 6; ++n) {
    Set(n);
    whole.Update();
    if (n == 2) {
      ASSERT_OK(second.Load(first.State(), 1));
    }
    (n < 2 ? first : second).Update();
  }
  EXPECT_EQ(Value(second), Value(whole));
}

TEST_P(WeightAverageTest, StateOfAnotherModelIsRefused) {
  WeightAverage average(parameters_, 3);
  EXPECT_THAT(average.Load({{"v", at::full({2}, 0.0)}}, 1),
              Fails(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("no tensor w")));
}

INSTANTIATE_ON_EACH_DEVICE(WeightAverageTest);

}  // namespace
}  // namespace vitrine
