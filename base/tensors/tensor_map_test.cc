#include "base/tensors/tensor_map.h"

#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Of tensors on the CPU, as a checkpoint's are.
using CopyTensorsTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(CopyTensorsTest);

TEST_P(CopyTensorsTest, FillsTheMemoryThatIsThere) {
  const TensorMap from = {{"a", at::ones({2})}, {"b", at::ones({1, 3})}};
  const TensorMap to = {{"a", at::zeros({2}, device_)}, {"b", at::zeros({1, 3}, device_)}};
  const void* memory = to.at("a").data_ptr();
  ASSERT_OK(CopyTensors(from, to));
  EXPECT_TRUE(to.at("b").cpu().equal(from.at("b")));
  EXPECT_EQ(to.at("a").data_ptr(), memory);
}

TEST_P(CopyTensorsTest, LeavesThatNeedGradientsAreFilledToo) {
  const TensorMap to = {{"a", at::zeros({2}, device_).requires_grad_(true)}};
  ASSERT_OK(CopyTensors({{"a", at::ones({2})}}, to));
  EXPECT_TRUE(to.at("a").is_leaf());
}

TEST(CopyTensorsTest, DifferencesAreAllNamedAndNothingIsCopied) {
  const TensorMap from = {{"a", at::ones({2})}, {"b", at::ones({3})}, {"d", at::ones({1})}};
  const TensorMap to = {{"a", at::zeros({2})}, {"b", at::zeros({1, 3})}, {"c", at::zeros({1})}};
  EXPECT_THAT(CopyTensors(from, to),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("b has shape [3] instead of [1, 3]"), HasSubstr("no tensor c"),
                          HasSubstr("unknown tensor d"))));
  EXPECT_TRUE(to.at("a").equal(at::zeros({2})));
}

TEST_P(CopyTensorsTest, PrecisionsAreConvertedButIntegersAreNoWeights) {
  const TensorMap to = {{"a", at::zeros({2}, device_)}};
  ASSERT_OK(CopyTensors({{"a", at::ones({2}, at::kBFloat16)}}, to));
  EXPECT_TRUE(to.at("a").cpu().equal(at::ones({2})));
  EXPECT_THAT(CopyTensors({{"a", at::ones({2}, at::kLong)}}, to),
              Fails(absl::StatusCode::kFailedPrecondition, "a holds Long instead of Float"));
}

}  // namespace
}  // namespace vitrine
