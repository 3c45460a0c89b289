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

struct Shape {
  int64_t m, k, n;
};

constexpr Shape kShapes[] = {{1, 2, 16}, {5, 7, 3}, {17, 64, 33}, {128, 197, 64}};

template <typename T>
class SmallProductsTest : public ::testing::Test {
 protected:
  static constexpr at::ScalarType kType = c10::CppTypeToScalarType<T>::value;

  void SetUp() override {
    if (!HasSmallProducts(kType)) GTEST_SKIP() << "no instructions for products of " << kType;
  }

  static at::Tensor Random(int64_t rows, int64_t columns, uint64_t seed) {
    return at::empty({rows, columns}).normal_(0, 1, at::detail::createCPUGenerator(seed)).to(kType);
  }

  static Matrix<const T> Read(const at::Tensor& t) {
    return {t.const_data_ptr<T>(), t.size(0), t.size(1), t.stride(0)};
  }

  static Matrix<float> Write(const at::Tensor& t) {
    return {t.mutable_data_ptr<float>(), t.size(0), t.size(1), t.stride(0)};
  }

  // What the operand was padded to, in a matrix with room for it.
  static at::Tensor Product(const at::Tensor& left, const RightOperand<T>& right) {
    const at::Tensor wide = at::zeros({left.size(0), right.rows()}, kType);
    wide.narrow(1, 0, left.size(1)).copy_(left);
    at::Tensor product = at::empty({left.size(0), right.columns()});
    Multiply(Read(wide), right, Sum::kNew, Write(product));
    EndSmallProducts();
    return product;
  }
};

using Types = ::testing::Types<float, at::BFloat16>;
TYPED_TEST_SUITE(SmallProductsTest, Types);

TYPED_TEST(SmallProductsTest, AreThoseOfLibtorch) {
  for (const auto [m, k, n] : kShapes) {
    const at::Tensor left = this->Random(m, k, 1), matrix = this->Random(k, n, 2);
    const at::Tensor expected = at::matmul(left.to(at::kDouble), matrix.to(at::kDouble));
    const auto error = [&, n = n](const RightOperand<TypeParam>& right) {
      const at::Tensor product = this->Product(left, right).narrow(1, 0, n);
      return (product - expected).abs().max().template item<double>();
    };
    RightOperand<TypeParam> right;
    right.Take(this->Read(this->Random(300, 40, 3)));  // which leaves nothing behind
    right.Take(this->Read(matrix));
    EXPECT_LT(error(right), 1e-4) << m;
    right.TakeTransposed(this->Read(matrix.t().contiguous()));
    EXPECT_LT(error(right), 1e-4) << m;
  }
}

TYPED_TEST(SmallProductsTest, PadWithZeros) {
  for (const auto [m, k, n] : kShapes) {
    RightOperand<TypeParam> right;
    right.Take(this->Read(this->Random(300, 40, 3)));
    right.Take(this->Read(this->Random(k, n, 2)));
    const at::Tensor product = this->Product(this->Random(m, k, 1), right);
    EXPECT_TRUE(product.narrow(1, n, product.size(1) - n).eq(0).all().template item<bool>()) << m;
  }
}

TYPED_TEST(SmallProductsTest, AddToWhatIsThere) {
  for (const auto [m, k, n] : kShapes) {
    const at::Tensor left = this->Random(m, k + k % 2, 1);
    RightOperand<TypeParam> right;
    right.Take(this->Read(this->Random(k + k % 2, n, 2)));
    at::Tensor product = this->Product(left, right);
    const at::Tensor once = product.clone();
    Multiply(this->Read(left), right, Sum::kAdded, this->Write(product));
    EndSmallProducts();
    EXPECT_TRUE(product.equal(once + once)) << m;
  }
}

}  // namespace
}  // namespace vitrine::fused
