#include "vit/block.h"

#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

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
  context.generator = generator;
  const at::Tensor unchanged = (block(x, x.size(1), "block", context) == x).flatten(1).all(1);
  EXPECT_NEAR(unchanged.sum().item<double>() / 1000, 0.25, 0.07);  // five standard deviations
  EXPECT_FALSE((block(x, x.size(1), "block", {}) == x).flatten(1).all(1).any().item<bool>());
}

}  // namespace
}  // namespace vitrine
