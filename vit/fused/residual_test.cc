#include "vit/fused/residual.h"

#include <cstdint>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "gtest/gtest.h"
#include "vit/dropout/dropout_mask.h"

namespace vitrine {
namespace {

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

// The sum and the gradients of both inputs.
template <typename Add>
std::vector<at::Tensor> Differentiate(at::IntArrayRef shape, const Add& add) {
  at::Tensor x = Random(shape, 1).requires_grad_(true);
  at::Tensor branch = Random(shape, 2).requires_grad_(true);
  const at::Tensor sum = add(x, branch, DropoutKey{.value = 7});
  (sum * Random(shape, 3)).sum().backward();
  return {sum.detach(), x.grad(), branch.grad()};
}

at::Tensor Fused(const at::Tensor& x, const at::Tensor& branch, const DropoutKey& key) {
  return fused::AddDropped(x, branch, 0.3, key);
}

at::Tensor Plain(const at::Tensor& x, const at::Tensor& branch, const DropoutKey& key) {
  return x + branch * DropoutMask(branch.sizes(), 0.3, key, branch.options());
}

TEST(AddDroppedTest, HasTheBitsOfTheOperators) {
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{1}, {3, 5, 7}, {2, 300, 200}}) {
    const auto fused = Differentiate(shape, Fused), plain = Differentiate(shape, Plain);
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(fused[i].equal(plain[i])) << i;
  }
}

TEST(AddDroppedTest, DoesNotDependOnThreads) {
  const auto expected = Differentiate({2, 300, 201}, Fused);
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  const auto again = Differentiate({2, 300, 201}, Fused);
  at::set_num_threads(threads);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(again[i].equal(expected[i])) << i;
}

// As the first tokens of a sequence do.
TEST(AddDroppedTest, TakesParts) {
  const auto part = [](const auto& add) {
    return [&](const at::Tensor& x, const at::Tensor& branch, const DropoutKey& key) {
      return add(x.narrow(1, 0, 2), branch.narrow(1, 0, 2), key).repeat({1, 2, 1});
    };
  };
  const auto fused = Differentiate({3, 4, 5}, part(Fused)),
             plain = Differentiate({3, 4, 5}, part(Plain));
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(fused[i].equal(plain[i])) << i;
}

TEST(AddDroppedTest, OtherShapesAreABrokenInvariant) {
  EXPECT_DEATH(Fused(Random({2}, 1), Random({3}, 1), {}), "sizes");
}

}  // namespace
}  // namespace vitrine
