// Attention in bfloat16 and float32 against the same numbers' in double, an operator at a time.

#include "vit/fused/scaled_dot_product.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/logsumexp.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/softmax.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace vitrine::fused {
namespace {

struct Shape {
  int64_t batch, heads, queries, tokens, size;
};

at::Tensor Random(at::IntArrayRef shape, double scale, uint64_t seed, at::ScalarType type) {
  return at::empty(shape).normal_(0, scale, at::detail::createCPUGenerator(seed)).to(type);
}

// What attention takes and gives, its gradients too.
struct Example {
  // Keys and values lie side by side, as a linear layer writes them.
  Example(const Shape& shape, double scale, at::ScalarType type = at::kBFloat16)
      : sizes{shape.batch, shape.heads},
        keys_and_values(
            Random({shape.batch * shape.tokens, 2 * shape.heads * shape.size}, scale, 1, type)),
        rows{Random({shape.batch * shape.queries, shape.heads * shape.size}, scale, 2, type),
             keys_and_values.chunk(2, 1)[0], keys_and_values.chunk(2, 1)[1]},
        d_mixed(Random(rows.queries.sizes(), 1, 3, type)) {}

  void Run() {
    attended = Attend(rows, sizes);
    const at::Tensor d_keys_and_values = at::empty_like(keys_and_values);
    gradients = {at::empty_like(rows.queries), d_keys_and_values.chunk(2, 1)[0],
                 d_keys_and_values.chunk(2, 1)[1]};
    AttendBackward(d_mixed, rows, attended, sizes, gradients);
  }

  std::vector<at::Tensor> Results() const {
    return {attended.mixed.to(rows.values.scalar_type()), gradients.queries, gradients.keys,
            gradients.values};
  }

  AttentionSizes sizes;
  at::Tensor keys_and_values;
  AttentionRows rows;
  at::Tensor d_mixed;
  Attended attended;
  AttentionRows gradients;
};

struct Exact {
  std::vector<at::Tensor> results;
  at::Tensor logsumexp;
};

Exact Compute(const Example& example, const Shape& shape) {
  const auto leaf = [](const at::Tensor& rows) {
    return rows.to(at::kDouble).contiguous().requires_grad_(true);
  };
  const auto split = [&](const at::Tensor& rows) {
    return rows.view({shape.batch, -1, shape.heads, shape.size}).transpose(1, 2);
  };
  const at::Tensor q = leaf(example.rows.queries), k = leaf(example.rows.keys),
                   v = leaf(example.rows.values);
  const at::Tensor logits =
      at::matmul(split(q), split(k).transpose(2, 3)) / std::sqrt(static_cast<double>(shape.size));
  const at::Tensor mixed =
      at::matmul(at::softmax(logits, -1), split(v)).transpose(1, 2).reshape(q.sizes());
  (mixed * example.d_mixed).sum().backward();
  return {{mixed.detach(), q.grad(), k.grad(), v.grad()}, at::logsumexp(logits.detach(), -1)};
}

double RelativeError(const at::Tensor& value, const at::Tensor& exact) {
  return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

class ShapesTest : public ::testing::TestWithParam<Shape> {};

// One block of queries and several; whole blocks, a rest and the class token alone; heads that are
// no multiple of a vector, and odd ones.
INSTANTIATE_TEST_SUITE_P(ScaledDotProduct, ShapesTest,
                         ::testing::Values(Shape{2, 3, 17, 17, 32}, Shape{1, 2, 197, 197, 64},
                                           Shape{3, 2, 1, 65, 48}, Shape{1, 1, 128, 128, 16},
                                           Shape{1, 2, 300, 301, 20}, Shape{2, 2, 33, 40, 5}),
                         [](const auto& info) {
                           const Shape& s = info.param;
                           return absl::StrCat(s.batch, "x", s.heads, "_", s.queries, "_of_",
                                               s.tokens, "_by_", s.size);
                         });

TEST_P(ShapesTest, RoundsToBfloat16) {
  Example example(GetParam(), /*scale=*/1.5);
  example.Run();
  const Exact exact = Compute(example, GetParam());
  EXPECT_LT(RelativeError(example.attended.logsumexp, exact.logsumexp), 1e-6);
  const std::vector<at::Tensor> results = example.Results();
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_GT(RelativeError(results[i], exact.results[i]), 0x1p-11) << i;
    EXPECT_LT(RelativeError(results[i], exact.results[i]), 0x1p-7) << i;
  }
}

TEST_P(ShapesTest, RoundsToFloat32) {
  Example example(GetParam(), /*scale=*/1.5, at::kFloat);
  example.Run();
  const Exact exact = Compute(example, GetParam());
  EXPECT_LT(RelativeError(example.attended.logsumexp, exact.logsumexp), 3e-7);
  const std::vector<at::Tensor> results = example.Results();
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].scalar_type(), at::kFloat);
    EXPECT_LT(RelativeError(results[i], exact.results[i]), 1e-6) << i;
  }
}

// Logits of some thousands, whose exponentials no float holds.
TEST_P(ShapesTest, LargeLogitsDoNotOverflow) {
  for (const at::ScalarType type : {at::kBFloat16, at::kFloat}) {
    Example example(GetParam(), /*scale=*/60, type);
    example.Run();
    const Exact exact = Compute(example, GetParam());
    EXPECT_LT(RelativeError(example.attended.logsumexp, exact.logsumexp), 1e-6);
    EXPECT_LT(RelativeError(example.attended.mixed, exact.results[0]),
              type == at::kFloat ? 1e-4 : 0x1p-7);
    for (const at::Tensor& result : example.Results()) {
      EXPECT_TRUE(result.isfinite().all().item<bool>());
    }
  }
}

TEST_P(ShapesTest, DoesNotDependOnThreads) {
  for (const at::ScalarType type : {at::kBFloat16, at::kFloat}) {
    Example example(GetParam(), 1, type), again(GetParam(), 1, type);
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    example.Run();
    at::set_num_threads(3);
    again.Run();
    at::set_num_threads(threads);
    for (size_t i = 0; i < example.Results().size(); ++i) {
      EXPECT_TRUE(example.Results()[i].equal(again.Results()[i])) << i;
    }
  }
}

TEST(ScaledDotProductTest, OfOneTokenIsItsValue) {
  for (const at::ScalarType type : {at::kBFloat16, at::kFloat}) {
    Example example({2, 1, 1, 1, 4}, 1, type);
    example.Run();
    EXPECT_TRUE(example.Results()[0].equal(example.rows.values));
    EXPECT_TRUE(example.gradients.values.equal(example.d_mixed));
    EXPECT_TRUE(example.gradients.queries.eq(0).all().item<bool>());
    EXPECT_TRUE(example.gradients.keys.eq(0).all().item<bool>());
  }
}

// A bad number shows, and in its own sample alone, though one thread has the same memory for both.
TEST(ScaledDotProductTest, NotANumberStaysInItsSample) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  for (const at::ScalarType type : {at::kBFloat16, at::kFloat}) {
    for (const int bad : {0, 1, 2}) {
      Example example({2, 1, 20, 20, 32}, 1, type);
      const at::Tensor inputs[] = {example.rows.queries, example.rows.keys, example.rows.values};
      inputs[bad][7].fill_(std::numeric_limits<float>::quiet_NaN());
      example.Run();
      EXPECT_TRUE(example.attended.mixed[7].isnan().all().item<bool>()) << type << bad;
      EXPECT_TRUE(example.gradients.queries[7].isnan().all().item<bool>()) << type << bad;
      for (const at::Tensor& result : example.Results()) {
        EXPECT_TRUE(result.narrow(0, 20, 20).isfinite().all().item<bool>()) << type << bad;
      }
    }
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace vitrine::fused
