// The operators against libtorch's, in double.

#include "vit/fused/cuda/kernels.h"

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "gtest/gtest.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/dropout/dropout_mask.h"
#include "vit/fused/cuda/add_norm.h"
#include "vit/fused/cuda/bias_gelu.h"
#include "vit/fused/cuda/emulation.h"
#include "vit/fused/cuda/launch.h"
#include "vit/layers.h"

namespace vitrine::fused::cuda {
namespace {

constexpr int64_t kSeed = 7;
constexpr double kProbability = 0.3;

// More rows than a block's warps take at once, and a last span of columns that is not full.
constexpr int64_t kBatch = 5, kTokens = 7, kWidth = 148;

// Of operands of the type on the device, or of doubles on the CPU for the exact values.
struct Setting {
  at::Device device;
  at::ScalarType type;
  bool exact = false;

  at::Tensor Operand(at::IntArrayRef shape, int seed) const { return Make(shape, seed, type); }
  at::Tensor Float(at::IntArrayRef shape, int seed) const { return Make(shape, seed, at::kFloat); }

 private:
  // The same numbers whatever the device, rounded to the type in which they are given.
  at::Tensor Make(at::IntArrayRef shape, int seed, at::ScalarType given) const {
    const at::Tensor values =
        at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed)).to(given);
    return (exact ? values.to(at::kDouble) : values.to(device)).requires_grad_(true);
  }
};

using Tensors = std::vector<at::Tensor>;

// Results and gradients of inputs, of a sum of the results that weights all differently.
Tensors Differentiate(const Setting& setting, const Tensors& inputs, const Tensors& results) {
  at::Tensor total;
  Tensors all;
  for (size_t i = 0; i < results.size(); ++i) {
    const at::Tensor weights = setting.Float(results[i].sizes(), 100 + i).detach();
    const at::Tensor weighted = (results[i] * weights).sum();
    total = total.defined() ? total + weighted : weighted;
    all.push_back(results[i].detach());
  }
  total.backward();
  for (const at::Tensor& input : inputs) all.push_back(input.grad());
  return all;
}

constexpr DropoutKey kKey{.value = kSeed};

BranchDropout Dropout() { return {kProbability, kKey}; }

at::Tensor Mask(const at::Tensor& x) {
  return DropoutMask(x.sizes(), kProbability, kKey, x.options());
}

LayerNorm MakeNorm(const Setting& setting) {
  LayerNorm norm(kWidth, at::kFloat);
  norm.weight = setting.Float({kWidth}, 3);
  norm.bias = setting.Float({kWidth}, 4);
  return norm;
}

Tensors RunAddNorm(const Setting& setting) {
  const at::Tensor x = setting.Float({kBatch, kTokens, kWidth}, 1),
                   branch = setting.Operand({kBatch, kTokens, kWidth}, 2);
  const LayerNorm norm = MakeNorm(setting);
  SumAndNorm result;
  if (setting.exact) {
    result.sum = x + branch * Mask(x);
    result.normed = norm(result.sum);
  } else {
    result = AddNorm(x, branch, Dropout(), norm);
  }
  return Differentiate(setting, {x, branch, norm.weight, norm.bias}, {result.sum, result.normed});
}

Tensors RunNorm(const Setting& setting) {
  const at::Tensor x = setting.Float({kBatch, kTokens, kWidth}, 1);
  const LayerNorm norm = MakeNorm(setting);
  const SumAndNorm result = setting.exact ? SumAndNorm{x, norm(x)} : Norm(x, norm, setting.type);
  return Differentiate(setting, {x, norm.weight, norm.bias}, {result.sum, result.normed});
}

// Of the first tokens, which do not lie one after the other.
Tensors RunAdd(const Setting& setting) {
  const at::Tensor x = setting.Float({kBatch, kTokens, kWidth}, 1),
                   branch = setting.Operand({kBatch, kTokens, kWidth}, 2);
  const at::Tensor a = x.narrow(1, 0, 2), b = branch.narrow(1, 0, 2);
  return Differentiate(setting, {x, branch},
                       {setting.exact ? a + b * Mask(a) : Add(a, b, Dropout())});
}

Tensors RunBiasGelu(const Setting& setting) {
  const at::Tensor product = setting.Operand({kBatch, kTokens, kWidth}, 1),
                   bias = setting.Float({kWidth}, 2);
  return Differentiate(setting, {product, bias},
                       {setting.exact ? at::gelu(product + bias) : BiasGelu(product, bias)});
}

struct Operator {
  std::string name;
  std::function<Tensors(const Setting&)> run;
};

class KernelsTest : public ::testing::TestWithParam<std::tuple<Operator, at::ScalarType>> {
 protected:
  Tensors Run(at::Device device) const {
    Tensors results = std::get<0>(GetParam()).run({device, type()});
    for (at::Tensor& result : results) result = result.cpu();
    return results;
  }

  Tensors RunExactly() const {
    return std::get<0>(GetParam()).run({at::kCPU, type(), /*exact=*/true});
  }

  at::ScalarType type() const { return std::get<1>(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(
    Kernels, KernelsTest,
    ::testing::Combine(::testing::Values(Operator{"AddNorm", RunAddNorm}, Operator{"Norm", RunNorm},
                                         Operator{"Add", RunAdd},
                                         Operator{"BiasGelu", RunBiasGelu}),
                       ::testing::Values(at::kFloat, at::kHalf, at::kBFloat16)),
    [](const auto& info) {
      return std::get<0>(info.param).name + at::toString(std::get<1>(info.param));
    });

// The norm of the difference, relative to that of the exact tensor.
double RelativeError(const at::Tensor& value, const at::Tensor& exact) {
  return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

// Twice the most by which rounding to the type moves a number; that of bfloat16 has 8 bits.
double Rounding(at::ScalarType type) {
  return type == at::kFloat ? 0x1p-22 : type == at::kHalf ? 0x1p-10 : 0x1p-7;
}

// A result of 16 bits is off by a third of the most possible, or nothing would be rounded.
TEST_P(KernelsTest, RoundResultsAlone) {
  const Tensors exact = RunExactly();
  for (const at::Device device : EmulateKernels()) {
    const Tensors results = Run(device);
    ASSERT_EQ(results.size(), exact.size());
    for (size_t i = 0; i < exact.size(); ++i) {
      const double error = RelativeError(results[i], exact[i]);
      const double most = Rounding(results[i].scalar_type());
      EXPECT_LT(error, type() == at::kFloat ? 4 * most : Rounding(type())) << i << " on " << device;
      if (results[i].scalar_type() != at::kFloat) {
        EXPECT_GT(error, most / 16) << i << " on " << device;
      }
    }
  }
}

TEST_P(KernelsTest, TwiceGiveTheSameBits) {
  for (const at::Device device : EmulateKernels()) {
    const Tensors once = Run(device), again = Run(device);
    for (size_t i = 0; i < once.size(); ++i) {
      EXPECT_TRUE(once[i].equal(again[i])) << i << " on " << device;
    }
  }
}

// For every length of the last part.
TEST(FillFactorsTest, HasTheBitsOfTheCpu) {
  const std::vector<at::Device> devices = EmulateKernels();
  for (const int64_t size : {1, 2, 3, 1000, 1001}) {
    const DropoutFactors factors(kProbability, kKey);
    const at::Tensor expected = DropoutMask({size}, kProbability, kKey, at::kFloat);
    for (const at::Device device : devices) {
      at::Tensor filled = at::empty({size}, device);
      Launch(at::kFloat, {.blocks = 3, .warps = 2},
             FillFactors{.size = size, .factors = factors, .to = filled.mutable_data_ptr<float>()},
             device);
      EXPECT_TRUE(filled.cpu().equal(expected)) << size << " on " << device;
    }
  }
}

// Fewer warps a block, whose sums still fit.
TEST(AddNormTest, TakesTheWidestRow) {
  EmulateKernels();
  const at::Tensor x = at::ones({2, kMostWidth}).requires_grad_(true);
  LayerNorm norm(kMostWidth, at::kFloat);
  norm.weight = at::ones({kMostWidth}).requires_grad_(true);
  norm.bias = at::zeros({kMostWidth}).requires_grad_(true);
  Norm(x, norm, at::kFloat).normed.sum().backward();
  EXPECT_TRUE(norm.bias.grad().equal(at::full({kMostWidth}, 2.0F)));
}

TEST(LaunchTest, WithoutEmulationTheCpuIsABrokenInvariant) {
  SetEmulator(nullptr);
  const at::Tensor x = at::empty({kWidth});
  EXPECT_DEATH(Add(x, x, {}), "AddNormForwardFloat runs on a GPU only");
}

}  // namespace
}  // namespace vitrine::fused::cuda
