#include "vit/activation.h"

#include <cmath>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/linspace.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr ModelConfig::Activation kAll[] = {ModelConfig::GELU, ModelConfig::GELU_TANH,
                                            ModelConfig::QUICK_GELU, ModelConfig::SWIGLU};

double Gelu(double x) { return x * (1 + std::erf(x / std::sqrt(2))) / 2; }
double Silu(double x) { return x / (1 + std::exp(-x)); }

at::Tensor Points() { return at::linspace(-6, 6, 49, at::kDouble); }

TEST(ActivationTest, IsItsFormula) {
  const at::Tensor x = Points();
  for (int64_t i = 0; i + 1 < x.numel(); ++i) {
    const double v = x[i].item<double>(), next = x[i + 1].item<double>();
    const auto of = [&](ModelConfig::Activation kind) {
      return Activate(kind, x)[i].item<double>();
    };
    EXPECT_NEAR(of(ModelConfig::GELU), Gelu(v), 1e-14);
    EXPECT_NEAR(of(ModelConfig::GELU_TANH),
                v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))) / 2, 1e-14);
    EXPECT_NEAR(of(ModelConfig::QUICK_GELU), v / (1 + std::exp(-1.702 * v)), 1e-14);
    const at::Tensor pair = x.narrow(0, i, 2);
    EXPECT_NEAR(Activate(ModelConfig::SWIGLU, pair).item<double>(), Silu(v) * next, 1e-13);
  }
}

TEST(ActivationTest, GradientsAreLibtorchs) {
  for (const ModelConfig::Activation kind : kAll) {
    const at::Tensor x = Points().narrow(0, 0, 48).view({4, 12}).requires_grad_(true);
    const at::Tensor y = Activate(kind, x);
    ASSERT_EQ(y.size(1) * InputsOfEach(kind), 12);
    const at::Tensor gradient = y.detach().cos();
    (y * gradient).sum().backward();
    const at::Tensor ours = ActivateBackward(kind, gradient.clone(), x.detach());
    EXPECT_LT((ours - x.grad()).abs().max().item<double>(), 1e-14)
        << ModelConfig::Activation_Name(kind);
  }
}

// Of bfloat16 the gradient is the exact one, rounded once.
TEST(ActivationTest, GradientsAreRoundedOnce) {
  for (const ModelConfig::Activation kind : kAll) {
    const at::Tensor x = Points().narrow(0, 0, 48).view({4, 12}).to(at::kBFloat16);
    const at::Tensor gradient = Activate(kind, x).cos();
    const at::Tensor exact =
        ActivateBackward(kind, gradient.to(at::kDouble).clone(), x.to(at::kDouble));
    const at::Tensor rounded = ActivateBackward(kind, gradient.clone(), x);
    EXPECT_EQ(rounded.scalar_type(), at::kBFloat16);
    const at::Tensor error = (rounded.to(at::kDouble) - exact).abs();
    EXPECT_TRUE((error <= exact.abs() * 0x1p-8 + 1e-6).all().item<bool>())
        << ModelConfig::Activation_Name(kind);
  }
}

}  // namespace
}  // namespace vitrine
