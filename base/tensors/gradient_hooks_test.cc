#include "base/tensors/gradient_hooks.h"

#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class GradientHooksTest : public ::testing::Test {
 protected:
  void BackwardPass() { ((a_ * 2 + b_) * b_).sum().backward(); }

  at::Tensor a_ = at::full({3}, 5.0f).requires_grad_();
  at::Tensor b_ = at::full({3}, 7.0f).requires_grad_();
};

TEST_F(GradientHooksTest, AreCalledOnceEachWithTheWholeGradient) {
  std::vector<std::pair<size_t, float>> calls;
  const std::vector<at::Tensor> tensors = {a_, b_};
  const GradientHooks hooks(
      tensors, [&](size_t i) { calls.emplace_back(i, tensors[i].grad()[0].item<float>()); });
  BackwardPass();
  EXPECT_THAT(calls, UnorderedElementsAre(std::pair(0u, 14), std::pair(1u, 24)));
}

TEST_F(GradientHooksTest, MayTakeTheGradientAway) {
  at::Tensor taken;
  const GradientHooks hooks({a_}, [&](size_t) { taken = std::exchange(a_.mutable_grad(), {}); });
  BackwardPass();
  EXPECT_FALSE(a_.grad().defined());
  EXPECT_TRUE(taken.equal(at::full({3}, 14.0f)));
  BackwardPass();
  EXPECT_TRUE(taken.equal(at::full({3}, 14.0f))) << "nothing is left of the first pass";
}

TEST_F(GradientHooksTest, AreGoneWithTheObject) {
  std::vector<size_t> calls;
  {
    const GradientHooks hooks({a_, b_}, [&](size_t i) { calls.push_back(i); });
  }
  BackwardPass();
  EXPECT_THAT(calls, IsEmpty());
  const GradientHooks again({b_}, [&](size_t i) { calls.push_back(i); });
  BackwardPass();
  EXPECT_THAT(calls, ElementsAre(0));
}

}  // namespace
}  // namespace vitrine
