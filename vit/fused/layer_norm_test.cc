#include "vit/fused/layer_norm.h"

#include <cstdint>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/layer_norm.h"
#include "gtest/gtest.h"

namespace vitrine::fused {
namespace {

at::Tensor Random(at::IntArrayRef sizes, uint64_t seed, double mean = 0) {
  return at::empty(sizes, at::kFloat).normal_(mean, 2, at::detail::createCPUGenerator(seed));
}

LayerNorm RandomNorm(int64_t width) {
  LayerNorm norm(width, at::kFloat, 1e-6);
  norm.weight = Random({width}, 1);
  norm.bias = Random({width}, 2);
  return norm;
}

// In double precision, by libtorch.
at::Tensor Expected(const LayerNorm& norm, const at::Tensor& x) {
  return at::layer_norm(x.to(at::kDouble), norm.weight.sizes(), norm.weight.to(at::kDouble),
                        norm.bias.to(at::kDouble), norm.epsilon);
}

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Rows and widths, of which some are no multiples of a vector.
class LayerNormTest : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {
 protected:
  const at::NoGradGuard no_grad_;
  const int64_t rows_ = GetParam().first, width_ = GetParam().second;
  const LayerNorm norm_ = RandomNorm(width_);
};

INSTANTIATE_TEST_SUITE_P(Sizes, LayerNormTest,
                         ::testing::Values(std::pair(1, 16), std::pair(7, 192), std::pair(197, 768),
                                           std::pair(5, 20), std::pair(3, 1)));

TEST_P(LayerNormTest, IsTheNormOfLibtorch) {
  for (const double mean : {0, 1000}) {
    const at::Tensor x = Random({rows_, width_}, 3, mean), expected = Expected(norm_, x);
    EXPECT_LT(Difference(Norm(norm_, x, at::kFloat), expected), mean == 0 ? 2e-5 : 2e-3) << mean;
  }
}

TEST_P(LayerNormTest, RoundsOnce) {
  const at::Tensor x = Random({rows_, width_}, 3), normed = Norm(norm_, x, at::kBFloat16);
  ASSERT_EQ(normed.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(normed.equal(Norm(norm_, x, at::kFloat).to(at::kBFloat16)));
}

TEST_P(LayerNormTest, OfASumIsThatOfTheSum) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = Random({rows_, width_}, 3), branch = Random({rows_, width_}, 4).to(type);
    const NormedSum result = NormOfSum(norm_, x, branch);
    EXPECT_TRUE(result.sum.equal(x + branch)) << type;
    EXPECT_TRUE(result.normed.equal(Norm(norm_, x + branch, type))) << type;
  }
}

TEST_P(LayerNormTest, TakesRowsThatLieApart) {
  const at::Tensor x = Random({rows_, 2 * width_}, 3).narrow(1, 0, width_);
  EXPECT_TRUE(Norm(norm_, x, at::kFloat).equal(Norm(norm_, x.contiguous(), at::kFloat)));
}

}  // namespace
}  // namespace vitrine::fused
