#include "vit/fused/gelu.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/tensor.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// From -12 to 12 in steps that are no power of two.
at::Tensor Line() { return at::arange(-12, 12, 1.7e-5, at::kFloat); }

TEST(GeluTest, IsOffByNoMoreThanLibtorchs) {
  const at::Tensor x = Line(), exact = at::gelu(x.to(at::kDouble));
  const at::Tensor ours = (fused::Gelu(x).to(at::kDouble) - exact).abs();
  const at::Tensor theirs = (at::gelu(x).to(at::kDouble) - exact).abs();
  EXPECT_LT(ours.max().item<double>(), 1.5 * theirs.max().item<double>());
  EXPECT_LT(ours.mean().item<double>(), 1.5 * theirs.mean().item<double>());
  EXPECT_GT(ours.mean().item<double>(), theirs.mean().item<double>() / 4);
}

TEST(GeluTest, FarFromZeroItIsTheIdentityOrZero) {
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor y = fused::Gelu(at::tensor({1e30F, 5.6F, -5.6F, -1e30F, infinity, -infinity}));
  EXPECT_TRUE(y.equal(at::tensor({1e30F, 5.6F, 0.0F, 0.0F, infinity, 0.0F}))) << y;
}

TEST(GeluTest, KeepsNanAndZero) {
  const at::Tensor y = fused::Gelu(at::tensor({std::nanf(""), 0.0F, 1e-40F}));
  EXPECT_TRUE(std::isnan(y[0].item<float>()));
  EXPECT_EQ(y[1].item<float>(), 0);
  EXPECT_NEAR(y[2].item<float>(), 0.5e-40, 1e-45);
}

// Whatever is left over at the end of a vector or of a thread's share.
TEST(GeluTest, DoesNotDependOnWhereANumberStands) {
  const at::Tensor x = Line(), y = fused::Gelu(x);
  for (const int64_t begin : {1, 7, 100'003}) {
    for (const int64_t size : {1, 3, 13, 70'001}) {
      const at::Tensor part = x.slice(0, begin, begin + size);
      EXPECT_TRUE(fused::Gelu(part).equal(y.slice(0, begin, begin + size))) << begin << " " << size;
    }
  }
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  EXPECT_TRUE(fused::Gelu(x).equal(y));
  at::set_num_threads(threads);
}

TEST(GeluTest, IsLibtorchsInDouble) {
  const at::Tensor x = Line().to(at::kDouble);
  EXPECT_TRUE(fused::Gelu(x).equal(at::gelu(x)));
}

}  // namespace
}  // namespace vitrine
