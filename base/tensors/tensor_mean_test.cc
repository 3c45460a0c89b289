#include "base/tensors/tensor_mean.h"

#include <cmath>
#include <vector>

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

class TensorMeanTest : public EachDevice {
 protected:
  TensorMap Weights(const std::vector<float>& values) const {
    return {{"w", at::tensor(values).to(device_)}};
  }
};

INSTANTIATE_ON_EACH_DEVICE(TensorMeanTest);

TEST_P(TensorMeanTest, IsTheMean) {
  TensorMean mean;
  ASSERT_OK(mean.Add(Weights({1, -2, 0})));
  ASSERT_OK(mean.Add(Weights({2, -4, 0.5})));
  ASSERT_OK(mean.Add(Weights({6, 0, 1})));
  EXPECT_EQ(mean.count(), 3);
  EXPECT_TRUE(mean.Mean().at("w").cpu().equal(at::tensor(std::vector<float>{3, -2, 0.5})));
}

// In float32 each of the small ones would vanish beside the large one.
TEST_P(TensorMeanTest, SumsInDouble) {
  TensorMean mean;
  ASSERT_OK(mean.Add(Weights({0x1p26F})));
  for (int i = 0; i < 255; ++i) ASSERT_OK(mean.Add(Weights({1})));
  const double expected = (0x1p26 + 255) / 256;
  EXPECT_EQ(mean.Mean().at("w").item<float>(), static_cast<float>(expected));
  EXPECT_NE(mean.Mean().at("w").item<float>(), 0x1p18F);
}

TEST_P(TensorMeanTest, MeanOfEqualsIsTheSame) {
  TensorMean mean;
  const TensorMap third = Weights({1.F / 3, 1e-38F, 3e38F});
  for (int i = 0; i < 7; ++i) ASSERT_OK(mean.Add(third));
  EXPECT_TRUE(mean.Mean().at("w").equal(third.at("w")));
}

TEST_P(TensorMeanTest, KeepsNoHandleOfWhatWasAdded) {
  TensorMean mean;
  const TensorMap weights = Weights({1});
  ASSERT_OK(mean.Add(weights));
  weights.at("w").fill_(9);
  EXPECT_EQ(mean.Mean().at("w").item<float>(), 1);
}

TEST_P(TensorMeanTest, GoesOnFromItsSums) {
  TensorMean whole, first, second;
  for (int i = 0; i < 5; ++i) ASSERT_OK(whole.Add(Weights({std::exp(-1.F * i)})));
  for (int i = 0; i < 2; ++i) ASSERT_OK(first.Add(Weights({std::exp(-1.F * i)})));
  const TensorMap sums = {{"w", first.sums().at("w").cpu()}};  // as from a file
  second.Load(sums, first.count(), device_);
  for (int i = 2; i < 5; ++i) ASSERT_OK(second.Add(Weights({std::exp(-1.F * i)})));
  EXPECT_EQ(second.count(), 5);
  EXPECT_TRUE(second.Mean().at("w").equal(whole.Mean().at("w")));
}

TEST_P(TensorMeanTest, OtherTensorsAreRefused) {
  TensorMean mean;
  ASSERT_OK(mean.Add(Weights({1, 2})));
  EXPECT_THAT(mean.Add(Weights({1})), Fails(absl::StatusCode::kFailedPrecondition,
                                            AllOf(HasSubstr("w has shape [1] instead of [2]"))));
  EXPECT_THAT(mean.Add({{"v", at::full({2}, 1., device_)}}),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("no tensor w"), HasSubstr("unknown tensor v"))));
  EXPECT_EQ(mean.count(), 1);
  EXPECT_TRUE(mean.Mean().at("w").cpu().equal(at::tensor(std::vector<float>{1, 2})));
}

}  // namespace
}  // namespace vitrine
