#include "vit/fused/small_products.h"

#include <cstdint>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/zeros.h"
#include "gtest/gtest.h"

namespace vitrine::fused {
namespace {

at::Tensor Random(int64_t rows, int64_t columns, uint64_t seed) {
  return at::empty({rows, columns})
      .normal_(0, 1, at::detail::createCPUGenerator(seed))
      .to(at::kBFloat16);
}

Bfloat16Matrix Read(const at::Tensor& t) {
  return {t.const_data_ptr<at::BFloat16>(), t.size(0), t.size(1), t.stride(0)};
}

Matrix<float> Write(const at::Tensor& t) {
  return {t.mutable_data_ptr<float>(), t.size(0), t.size(1), t.stride(0)};
}

struct Shape {
  int64_t m, k, n;
};

class SmallProductsTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (!HasSmallProducts()) GTEST_SKIP() << "no instructions for products of bfloat16";
  }

  // What the operand was padded to, in a matrix with room for it.
  at::Tensor Product(const at::Tensor& left, const RightOperand& right) {
    const at::Tensor wide = at::zeros({left.size(0), right.rows()}, at::kBFloat16);
    wide.narrow(1, 0, left.size(1)).copy_(left);
    at::Tensor product = at::empty({left.size(0), right.columns()});
    Multiply(Read(wide), right, Sum::kNew, Write(product));
    EndSmallProducts();
    return product;
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, SmallProductsTest,
                         ::testing::Values(Shape{1, 2, 16}, Shape{5, 7, 3}, Shape{17, 64, 33},
                                           Shape{128, 197, 64}));

TEST_P(SmallProductsTest, AreThoseOfLibtorch) {
  const auto [m, k, n] = GetParam();
  const at::Tensor left = Random(m, k, 1), matrix = Random(k, n, 2);
  const at::Tensor expected = at::matmul(left.to(at::kDouble), matrix.to(at::kDouble));
  RightOperand right;
  right.Take(Read(Random(300, 40, 3)));  // which leaves nothing behind
  right.Take(Read(matrix));
  EXPECT_LT((Product(left, right).narrow(1, 0, n) - expected).abs().max().item<double>(), 1e-4);
  right.TakeTransposed(Read(matrix.t().contiguous()));
  EXPECT_LT((Product(left, right).narrow(1, 0, n) - expected).abs().max().item<double>(), 1e-4);
}

TEST_P(SmallProductsTest, PadWithZeros) {
  const auto [m, k, n] = GetParam();
  RightOperand right;
  right.Take(Read(Random(300, 40, 3)));
  right.Take(Read(Random(k, n, 2)));
  const at::Tensor product = Product(Random(m, k, 1), right);
  EXPECT_TRUE(product.narrow(1, n, product.size(1) - n).eq(0).all().item<bool>());
}

TEST_P(SmallProductsTest, AddToWhatIsThere) {
  const auto [m, k, n] = GetParam();
  const at::Tensor left = Random(m, k + k % 2, 1);
  RightOperand right;
  right.Take(Read(Random(k + k % 2, n, 2)));
  at::Tensor product = Product(left, right);
  const at::Tensor once = product.clone();
  Multiply(Read(left), right, Sum::kAdded, Write(product));
  EndSmallProducts();
  EXPECT_TRUE(product.equal(once + once));
}

}  // namespace
}  // namespace vitrine::fused
