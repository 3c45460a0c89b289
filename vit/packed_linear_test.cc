#include "vit/packed_linear.h"

#include <cstdint>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/linear.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

struct Example {
  PackedLinear Pack(at::ScalarType operands) const { return {weight, bias, operands}; }

  // In double.
  at::Tensor Expected() const {
    return at::linear(rows.to(at::kDouble), weight.to(at::kDouble),
                      bias.defined() ? bias.to(at::kDouble) : bias);
  }

  at::Tensor rows = Random({37, 20}, 1), weight = Random({33, 20}, 2), bias = Random({33}, 3),
             addend = Random({37, 33}, 4);
};

double Error(const at::Tensor& value, const at::Tensor& exact) {
  return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

TEST(PackedLinearTest, IsTheLayer) {
  Example example;
  EXPECT_LT(Error(example.Pack(at::kFloat)(example.rows), example.Expected()), 1e-6);
  EXPECT_LT(Error(example.Pack(at::kFloat)(example.rows, fused::Epilogue::kGelu),
                  at::gelu(example.Expected())),
            1e-6);
  example.bias.reset();
  EXPECT_LT(Error(example.Pack(at::kFloat)(example.rows), example.Expected()), 1e-6);
}

TEST(PackedLinearTest, AddsInFloat32) {
  Example example;
  for (const bool has_bias : {true, false}) {
    if (!has_bias) example.bias.reset();
    const at::Tensor addend = example.addend.clone();
    const at::Tensor expected = example.Expected() + addend;
    const at::Tensor sum = example.Pack(at::kFloat).Plus(example.rows, addend);
    EXPECT_LT(Error(sum, expected), 1e-6);
    EXPECT_TRUE(addend.equal(example.addend)) << "may be in use elsewhere";
    const at::Tensor rounded = example.Pack(at::kBFloat16).Plus(example.rows, addend);
    EXPECT_EQ(rounded.scalar_type(), at::kFloat);
    EXPECT_LT(Error(rounded, expected), 0x1p-7);
  }
}

// The addend is not rounded to the operands' type.
TEST(PackedLinearTest, AddendStaysFloat32) {
  Example example;
  example.weight.zero_();
  example.bias.reset();
  EXPECT_TRUE(example.Pack(at::kBFloat16).Plus(example.rows, example.addend).equal(example.addend));
}

}  // namespace
}  // namespace vitrine
