#include "vit/block.h"

#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "base/tensors/autocast_mode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/fused/cuda/emulation.h"
#include "vit/layers.h"
#include "vit/model.pb.h"

namespace vitrine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

ModelConfig Config(int depth, float stochastic_depth) {
  ModelConfig config;
  config.set_width(8);
  config.set_heads(2);
  config.set_depth(depth);
  config.set_stochastic_depth(stochastic_depth);
  return config;
}

std::vector<double> Rates(const ModelConfig& config) {
  std::vector<double> rates;
  for (int i = 0; i < config.depth(); ++i) {
    rates.push_back(Block(config, i, at::kFloat).stochastic_depth);
  }
  return rates;
}

// The output for inputs at random, and the gradient of each input and parameter.
std::vector<at::Tensor> Differentiate(const ModelConfig& config, int64_t tokens, Fusion fusion,
                                      at::ScalarType operands, at::Device device = at::kCPU) {
  const at::Generator generator = at::detail::createCPUGenerator(1);
  const auto random = [&](at::IntArrayRef shape, double deviation) {
    return at::empty(shape).normal_(0, deviation, generator).to(device);
  };
  at::Tensor x = random({3, 5, config.width()}, 1).requires_grad_(true);
  std::vector<at::Tensor> inputs = {x};
  Block block(config, /*index=*/1, at::kFloat);
  block.VisitParameters("block", [&](const std::string&, at::Tensor& parameter) {
    parameter = random(parameter.sizes(), 0.5).requires_grad_(true);
    inputs.push_back(parameter);
  });
  ForwardContext context;
  context.training = true;
  context.dropout_keys = DropoutKeys(2);
  context.fusion = fusion;
  context.fused_operands = operands;
  at::autocast::set_autocast_dtype(device.type(), at::kBFloat16);
  at::autocast::set_autocast_enabled(device.type(), operands != at::kFloat);
  const at::Tensor y = block(x, tokens, "block", context);
  at::autocast::set_autocast_enabled(device.type(), false);
  at::autocast::clear_cache();
  (y * random(y.sizes(), 1)).sum().backward();
  std::vector<at::Tensor> results = {y.detach().cpu()};
  for (const at::Tensor& input : inputs) results.push_back(input.grad().cpu());
  return results;
}

// A GPU's kernels, as a CPU emulates them and on a GPU where there is one, in place of libtorch's
// operators: the same dropout too.
TEST(BlockTest, FusedForAGpuItIsTheSame) {
  const std::vector<at::Device> devices = fused::cuda::EmulateKernels();
  ModelConfig plain = Config(2, 0), dropped = Config(2, 0), scaled = Config(2, 0.2);
  dropped.set_dropout(0.3);
  scaled.set_dropout(0.3);
  scaled.set_layer_scale(0.1);
  for (const ModelConfig& config : {plain, dropped, scaled}) {
    for (const int64_t tokens : {1, 5}) {
      const auto expected = Differentiate(config, tokens, Fusion::kNone, at::kFloat);
      for (const at::Device device : devices) {
        const auto fused = Differentiate(config, tokens, Fusion::kGpu, at::kFloat, device);
        const auto rounded = Differentiate(config, tokens, Fusion::kGpu, at::kBFloat16, device);
        for (size_t i = 0; i < expected.size(); ++i) {
          const at::Tensor norm = expected[i].norm();
          EXPECT_LT(((fused[i] - expected[i]).norm() / norm).item<double>(), 1e-6) << i;
          EXPECT_LT(((rounded[i] - expected[i]).norm() / norm).item<double>(), 0x1p-5) << i;
          EXPECT_EQ(rounded[i].scalar_type(), at::kFloat) << i;
        }
      }
    }
  }
}

TEST(BlockTest, StochasticDepthRisesFromZeroInTheFirstToItsRateInTheLast) {
  EXPECT_THAT(Rates(Config(5, 0.4)), ElementsAre(0, DoubleNear(0.1, 1e-6), DoubleNear(0.2, 1e-6),
                                                 DoubleNear(0.3, 1e-6), DoubleNear(0.4, 1e-6)));
  EXPECT_THAT(Rates(Config(1, 0.4)), ElementsAre(DoubleNear(0.4, 1e-6)));
}

// Each branch of a sample is dropped by itself, so a quarter of the samples passes unchanged.
TEST(BlockTest, StochasticDepthLetsSamplesPassUnchanged) {
  const at::NoGradGuard no_grad;
  const at::Generator generator = at::detail::createCPUGenerator(1);
  Block block(Config(1, 0.5), 0, at::kFloat);
  block.VisitParameters("block", [&](const std::string&, at::Tensor& parameter) {
    parameter.normal_(0, 1, generator);
  });
  const at::Tensor x = at::empty({1000, 3, 8}).normal_(0, 1, generator);
  ForwardContext context;
  context.training = true;
  context.dropout_keys = DropoutKeys(2);
  const at::Tensor unchanged = (block(x, x.size(1), "block", context) == x).flatten(1).all(1);
  EXPECT_NEAR(unchanged.sum().item<double>() / 1000, 0.25, 0.07);  // five standard deviations
  EXPECT_FALSE((block(x, x.size(1), "block", {}) == x).flatten(1).all(1).any().item<bool>());
}

}  // namespace
}  // namespace vitrine
