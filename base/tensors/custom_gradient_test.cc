#include "base/tensors/custom_gradient.h"

#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/full.h"
#include "ATen/ops/zeros_like.h"
#include "c10/util/Exception.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

at::Tensor Leaf(double value) { return at::full({2}, value, at::kDouble).requires_grad_(true); }

// x * y and x + y, with a record of the backward pass in `seen`.
std::vector<at::Tensor> ProductAndSum(const at::Tensor& x, const at::Tensor& y,
                                      std::vector<BackwardPass>* seen) {
  return WithGradient(
      "a product and a sum", {x, y},
      [&] {
        EXPECT_FALSE(at::GradMode::is_enabled());
        return ForwardPass{.outputs = {x * y, x + y}, .saved = {x, y}};
      },
      [seen](const BackwardPass& pass) {
        seen->push_back(pass);
        std::vector<at::Tensor> result;
        for (const at::Tensor& other : {pass.saved[1], pass.saved[0]}) {
          at::Tensor gradient = at::zeros_like(other);
          if (pass.gradients[0].defined()) gradient = gradient + pass.gradients[0] * other;
          if (pass.gradients[1].defined()) gradient = gradient + pass.gradients[1];
          result.push_back(gradient);
        }
        return result;
      });
}

TEST(CustomGradientTest, GivesOutputsAndGradients) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  const std::vector<at::Tensor> out = ProductAndSum(x, y, &seen);
  EXPECT_TRUE(at::equal(out[0], at::full({2}, 15, at::kDouble)));
  EXPECT_TRUE(at::equal(out[1], at::full({2}, 8, at::kDouble)));
  (out[0] + 2 * out[1]).sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::full({2}, 7, at::kDouble)));
  EXPECT_TRUE(at::equal(y.grad(), at::full({2}, 5, at::kDouble)));
  EXPECT_EQ(seen.size(), 1);
}

TEST(CustomGradientTest, GradientOfAnUnusedOutputIsUndefined) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  ProductAndSum(x, y, &seen)[1].sum().backward();
  ASSERT_EQ(seen.size(), 1);
  EXPECT_FALSE(seen[0].gradients[0].defined());
  EXPECT_TRUE(seen[0].gradients[1].defined());
  EXPECT_TRUE(at::equal(x.grad(), at::full({2}, 1, at::kDouble)));
}

// As where a later computation has no gradient for its input.
TEST(CustomGradientTest, WithoutAnyGradientThereIsNoBackwardPass) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  const at::Tensor product = ProductAndSum(x, y, &seen)[0];
  const at::Tensor last = WithGradient(
      "a constant", {product}, [&] { return ForwardPass{.outputs = {product + 1}, .saved = {}}; },
      [](const BackwardPass&) { return std::vector<at::Tensor>(1); })[0];
  last.sum().backward();
  EXPECT_TRUE(seen.empty());
  EXPECT_FALSE(x.grad().defined());
}

TEST(CustomGradientTest, SaysWhichGradientsAreNeeded) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3).detach(), y = Leaf(5);
  ProductAndSum(x, y, &seen)[0].sum().backward();
  ASSERT_EQ(seen.size(), 1);
  EXPECT_EQ(seen[0].needed, (std::vector<bool>{false, true}));
  EXPECT_FALSE(x.grad().defined());
}

TEST(CustomGradientTest, AnInputCanBeAnOutput) {
  const at::Tensor x = Leaf(3);
  const at::Tensor same = WithGradient(
      "twice the gradient", {x}, [&] { return ForwardPass{.outputs = {x}, .saved = {}}; },
      [](const BackwardPass& pass) { return std::vector<at::Tensor>{2 * pass.gradients[0]}; })[0];
  same.sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::full({2}, 2, at::kDouble)));
}

TEST(CustomGradientTest, KeepsNothingWhereNoGradientIsAskedFor) {
  std::vector<BackwardPass> seen;
  const at::NoGradGuard no_gradients;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  EXPECT_FALSE(ProductAndSum(x, y, &seen)[0].requires_grad());
}

TEST(CustomGradientTest, ChangingWhatWasSavedIsAnError) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  const at::Tensor product = ProductAndSum(x, y, &seen)[0];
  {
    const at::NoGradGuard no_gradients;
    y.add_(1);
  }
  EXPECT_THROW(product.sum().backward(), c10::Error);
  EXPECT_TRUE(seen.empty());
}

TEST(CustomGradientDeathTest, HasNoSecondDerivative) {
  std::vector<BackwardPass> seen;
  const at::Tensor x = Leaf(3), y = Leaf(5);
  const at::Tensor product = ProductAndSum(x, y, &seen)[0];
  EXPECT_DEATH(product.sum().backward({}, /*retain_graph=*/true, /*create_graph=*/true),
               "a product and a sum has no second derivative");
}

TEST(CustomGradientDeathTest, OneGradientForEachInput) {
  const at::Tensor x = Leaf(3);
  const at::Tensor y = WithGradient(
      "too few", {x}, [&] { return ForwardPass{.outputs = {x + 1}, .saved = {}}; },
      [](const BackwardPass&) { return std::vector<at::Tensor>(); })[0];
  EXPECT_DEATH(y.sum().backward(), "too few");
}

}  // namespace
}  // namespace vitrine
