// The fused branches of a block against libtorch's operators and their automatic gradients.

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/softmax.h"
#include "base/tensors/autocast_mode.h"
#include "gtest/gtest.h"
#include "vit/fused/attention.h"
#include "vit/fused/mlp.h"
#include "vit/layers.h"
#include "vit/mlp.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 3, kTokens = 37, kWidth = 48, kHeads = 4;

// Everything a branch depends on, at random, in the type.
struct Inputs {
  explicit Inputs(at::ScalarType type)
      : x(at::empty({kBatch, kTokens, kWidth}, type)),
        norm(kWidth, type),
        first(kWidth, 3 * kWidth, type),
        second(kWidth, kWidth, type),
        mlp(kWidth, 3 * kWidth, ModelConfig::GELU, type) {
    const at::Generator generator = at::detail::createCPUGenerator(1);
    for (at::Tensor* tensor : All()) {
      const double scale = tensor->dim() == 2 ? 1 / std::sqrt(tensor->size(1)) : 1;
      // The same float32 values whatever the type.
      tensor->copy_(at::empty(tensor->sizes()).normal_(0, scale, generator));
      tensor->requires_grad_(true);
    }
  }

  std::vector<at::Tensor*> All() {
    return {&x,
            &norm.weight,
            &norm.bias,
            &first.weight,
            &first.bias,
            &second.weight,
            &second.bias,
            &mlp.hidden.weight,
            &mlp.hidden.bias,
            &mlp.output.weight,
            &mlp.output.bias};
  }

  at::Tensor x;
  LayerNorm norm;
  Linear first, second;
  Mlp mlp;
};

// Of the inputs, with operands of the type.
using Branch = std::function<at::Tensor(const Inputs&, at::ScalarType)>;

// softmax(q k^T / sqrt(d)) v of the first tokens, an operator at a time.
at::Tensor PlainAttention(const Inputs& in, int64_t queries) {
  const auto heads = [](const at::Tensor& t) {
    return t.view({kBatch, kTokens, kHeads, kWidth / kHeads}).transpose(1, 2);
  };
  const std::vector<at::Tensor> qkv = in.first(in.norm(in.x)).chunk(3, 2);
  const at::Tensor q = heads(qkv[0]), k = heads(qkv[1]), v = heads(qkv[2]);
  const double scale = 1 / std::sqrt(static_cast<double>(kWidth / kHeads));
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)) * scale, -1);
  const at::Tensor mixed = at::matmul(weights, v).transpose(1, 2).reshape(in.x.sizes());
  return in.second(mixed).narrow(1, 0, queries);
}

Branch FusedAttention(int64_t queries) {
  return [=](const Inputs& in, at::ScalarType operands) {
    return fused::NormAttention(in.x, in.norm, in.first, in.second, kHeads, queries, operands);
  };
}

// The result and the gradient to each input of a sum of it that weights all differently.
std::vector<at::Tensor> Differentiate(const Branch& branch, at::ScalarType type,
                                      at::ScalarType operands) {
  Inputs inputs(type);
  const at::Tensor y = branch(inputs, operands);
  const at::Tensor weights =
      at::empty(y.sizes()).normal_(0, 1, at::detail::createCPUGenerator(2)).to(type);
  (y * weights).sum().backward();
  std::vector<at::Tensor> results = {y.detach()};
  for (const at::Tensor* tensor : inputs.All()) {
    if (tensor->grad().defined()) results.push_back(tensor->grad());
  }
  return results;
}

// What is computed while it lives multiplies in bfloat16.
class AutocastToBfloat16 {
 public:
  AutocastToBfloat16() {
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
  }
  ~AutocastToBfloat16() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

// The norm of the difference, relative to that of the exact tensor.
double RelativeError(const at::Tensor& value, const at::Tensor& exact) {
  return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

struct Case {
  std::string name;
  Branch fused, plain;
};

class BranchTest : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Branches, BranchTest,
    ::testing::Values(Case{"Mlp",
                           [](const Inputs& in, at::ScalarType operands) {
                             return fused::NormMlp(in.x, in.norm, in.mlp, operands);
                           },
                           [](const Inputs& in, at::ScalarType) {
                             return in.mlp.output(at::gelu(in.mlp.hidden(in.norm(in.x))));
                           }},
                      Case{"AttentionOfAll", FusedAttention(kTokens),
                           [](const Inputs& in, at::ScalarType) {
                             return PlainAttention(in, kTokens);
                           }},
                      Case{"AttentionOfOne", FusedAttention(1),
                           [](const Inputs& in, at::ScalarType) { return PlainAttention(in, 1); }},
                      Case{"AttentionOfFive", FusedAttention(5),
                           [](const Inputs& in, at::ScalarType) { return PlainAttention(in, 5); }}),
    [](const auto& info) { return info.param.name; });

TEST_P(BranchTest, IsThePlainOneInDouble) {
  const std::vector<at::Tensor> plain = Differentiate(GetParam().plain, at::kDouble, at::kDouble);
  const std::vector<at::Tensor> fused = Differentiate(GetParam().fused, at::kDouble, at::kDouble);
  ASSERT_EQ(plain.size(), 8);  // the result, x, and the three layers' weights and biases
  ASSERT_EQ(fused.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_LT(RelativeError(fused[i], plain[i]), 1e-13) << i;
  }
}

// float32 has errors, about as large as those of the plain operators; libtorch's fused attention
// rounds more than they do, and by how much depends on the processor.
TEST_P(BranchTest, RoundsAsThePlainOneDoes) {
  const std::vector<at::Tensor> exact = Differentiate(GetParam().plain, at::kDouble, at::kDouble);
  const std::vector<at::Tensor> plain = Differentiate(GetParam().plain, at::kFloat, at::kFloat);
  const std::vector<at::Tensor> fused = Differentiate(GetParam().fused, at::kFloat, at::kFloat);
  for (size_t i = 0; i < exact.size(); ++i) {
    const double budget = RelativeError(plain[i], exact[i]);
    EXPECT_GT(RelativeError(fused[i], exact[i]), budget / 4) << i;
    EXPECT_LT(RelativeError(fused[i], exact[i]), budget * 4) << i;
  }
}

// The plain branch under autocast rounds to bfloat16 in the same places and in some more.
TEST_P(BranchTest, RoundsToBfloat16AsAutocastDoes) {
  const Branch plain = GetParam().plain;
  const Branch autocast = [&plain](const Inputs& in, at::ScalarType) {
    const AutocastToBfloat16 guard;
    return plain(in, at::kFloat);
  };
  const std::vector<at::Tensor> exact = Differentiate(plain, at::kDouble, at::kDouble);
  const std::vector<at::Tensor> rounded = Differentiate(autocast, at::kFloat, at::kFloat);
  const std::vector<at::Tensor> fused = Differentiate(GetParam().fused, at::kFloat, at::kBFloat16);
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_EQ(fused[i].scalar_type(), at::kFloat) << i;
  // The last layer's bias has a gradient without products.
  EXPECT_LT(RelativeError(fused.back(), exact.back()), 1e-6);
  for (size_t i = 0; i + 1 < exact.size(); ++i) {
    const double budget = RelativeError(rounded[i], exact[i]);
    EXPECT_GT(RelativeError(fused[i], exact[i]), budget / 2) << i;
    EXPECT_LT(RelativeError(fused[i], exact[i]), budget * 1.5) << i;
  }
}

TEST_P(BranchTest, TheNumberOfThreadsDoesNotMatter) {
  const int threads = at::get_num_threads();
  for (const at::ScalarType operands : {at::kFloat, at::kBFloat16}) {
    at::set_num_threads(1);
    const std::vector<at::Tensor> once = Differentiate(GetParam().fused, at::kFloat, operands);
    at::set_num_threads(threads);
    const std::vector<at::Tensor> again = Differentiate(GetParam().fused, at::kFloat, operands);
    for (size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(once[i].equal(again[i])) << i;
  }
}

TEST_P(BranchTest, TwiceGivesTheSameBits) {
  const std::vector<at::Tensor> once = Differentiate(GetParam().fused, at::kFloat, at::kFloat);
  const std::vector<at::Tensor> again = Differentiate(GetParam().fused, at::kFloat, at::kFloat);
  for (size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(once[i].equal(again[i])) << i;
}

TEST_P(BranchTest, WithoutGradientsItIsTheSame) {
  const at::Tensor y = Differentiate(GetParam().fused, at::kFloat, at::kFloat)[0];
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(GetParam().fused(Inputs(at::kFloat), at::kFloat).equal(y));
}

}  // namespace
}  // namespace vitrine
