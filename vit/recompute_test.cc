#include "vit/recompute.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/tensor.h"
#include "base/tensors/autocast_mode.h"
#include "base/tensors/each_device.h"
#include "c10/core/Allocator.h"
#include "c10/util/Exception.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "gtest/gtest.h"
#include "torch/csrc/autograd/autograd.h"
#include "vit/testing.h"

namespace vitrine {
namespace {

ForwardContext Training(uint64_t seed = 1) {
  ForwardContext context;
  context.training = true;
  context.dropout_keys = DropoutKeys(seed);
  return context;
}

uint64_t Next(const ForwardContext& context) { return DrawDropoutKey(context).value; }

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

// Products in bfloat16 on the device until it ends.
class Bfloat16 {
 public:
  explicit Bfloat16(at::Device device) : type_(device.type()) {
    at::autocast::set_autocast_enabled(type_, true);
    at::autocast::set_autocast_dtype(type_, at::kBFloat16);
  }
  ~Bfloat16() {
    at::autocast::set_autocast_enabled(type_, false);
    at::autocast::clear_cache();
  }

 private:
  at::DeviceType type_;
};

// A linear layer whose every run is counted.
class RecomputeTest : public EachDevice {
 protected:
  at::Tensor Run(const at::Tensor& x, const ForwardContext& context = {}) {
    return Recompute(counted_, x, {weight_}, context);
  }

  at::Tensor x_ = Random({5, 4}, 1).to(device_).requires_grad_(true);
  at::Tensor weight_ = Random({3, 4}, 2).to(device_).requires_grad_(true);
  int runs_ = 0;
  at::ScalarType last_type_ = at::kFloat;
  Computation counted_ = [this](const at::Tensor& x, const ForwardContext& context) {
    ++runs_;
    const at::Tensor y = at::linear(Dropout(x, 0.5, context), weight_).tanh();
    last_type_ = y.scalar_type();
    return y;
  };
};

TEST_P(RecomputeTest, RunsAgainInTheBackwardPassWithTheSameGradients) {
  at::linear(x_, weight_).tanh().sum().backward();
  const at::Tensor x_gradient = x_.grad().clone(), weight_gradient = weight_.grad().clone();
  x_.mutable_grad().reset();
  weight_.mutable_grad().reset();
  const at::Tensor y = Run(x_);
  EXPECT_EQ(runs_, 1);
  EXPECT_TRUE(y.equal(at::linear(x_, weight_).tanh()));
  y.sum().backward();
  EXPECT_EQ(runs_, 2);
  EXPECT_TRUE(x_.grad().equal(x_gradient));
  EXPECT_TRUE(weight_.grad().equal(weight_gradient));
}

TEST_P(RecomputeTest, RunsOnceWithoutGradients) {
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(Run(x_).requires_grad());
  EXPECT_EQ(runs_, 1);
}

TEST_P(RecomputeTest, WhatIsFrozenGetsNoGradient) {
  Run(x_.detach()).sum().backward();
  EXPECT_TRUE(weight_.grad().defined());
  weight_.mutable_grad().reset();
  weight_.requires_grad_(false);
  Run(x_).sum().backward();
  EXPECT_TRUE(x_.grad().defined());
  EXPECT_FALSE(weight_.grad().defined());
}

TEST_P(RecomputeTest, SameRandomNumbersAndKeysThatMoveOnOnce) {
  const ForwardContext context = Training(7), plain = Training(7);
  const at::Tensor expected = counted_(x_, plain);
  const at::Tensor y = Run(x_, context);
  EXPECT_TRUE(y.equal(expected));
  const auto gradients = [&](const at::Tensor& output) {
    return torch::autograd::grad({output.sum()}, {x_, weight_}, {}, /*retain_graph=*/true);
  };
  // Draws between the passes must not matter, nor may the backward pass draw.
  const uint64_t next = Next(plain);
  const auto wanted = gradients(expected), first = gradients(y), second = gradients(y);
  EXPECT_EQ(Next(context), next);
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(first[i].equal(wanted[i]));
    EXPECT_TRUE(second[i].equal(wanted[i]));
  }
}

TEST_P(RecomputeTest, AutocastIsThatOfTheForwardPass) {
  std::optional<Bfloat16> on(device_);
  const at::Tensor narrow = Run(x_).sum();
  on.reset();
  last_type_ = at::kFloat;
  narrow.backward();
  EXPECT_EQ(last_type_, at::kBFloat16);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(device_.type()));
  EXPECT_TRUE(at::autocast::is_autocast_cache_enabled());

  const at::Tensor wide = Run(x_).sum();
  on.emplace(device_);
  last_type_ = at::kBFloat16;
  wide.backward();
  EXPECT_EQ(last_type_, at::kFloat);
  EXPECT_TRUE(at::autocast::is_autocast_enabled(device_.type()));
}

// Autocast keeps the casts of weights until its cache is cleared, which nobody does after a
// backward pass: the next forward pass would see the weights of this one.
TEST_P(RecomputeTest, LeavesNoCastsOfWeightsBehind) {
  std::optional<Bfloat16> on(device_);
  const at::Tensor loss = Run(x_).sum();
  on.reset();
  loss.backward();
  {
    const at::NoGradGuard no_grad;
    weight_.zero_();
  }
  on.emplace(device_);
  EXPECT_TRUE((counted_(x_, {}) == 0).all().item<bool>());
}

TEST_P(RecomputeTest, AnErrorInTheSecondRunRestoresAutocast) {
  std::optional<Bfloat16> on(device_);
  const auto fails_later = [this](const at::Tensor& x, const ForwardContext& context) {
    TORCH_CHECK(runs_ == 0, "second run");
    return counted_(x, context);
  };
  const at::Tensor y = Recompute(fails_later, x_, {weight_}, {}).sum();
  on.reset();
  EXPECT_THROW(y.backward(), c10::Error);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(device_.type()));
  EXPECT_TRUE(at::autocast::is_autocast_cache_enabled());
}

TEST_P(RecomputeTest, ParametersMustNotChangeBeforeTheBackwardPass) {
  const at::Tensor y = Run(x_).sum();
  {
    const at::NoGradGuard no_grad;
    weight_.add_(1);
  }
  EXPECT_THROW(y.backward(), c10::Error);
}

INSTANTIATE_ON_EACH_DEVICE(RecomputeTest);

// A child process cannot use its parent's GPU.
using RecomputeDeathTest = RecomputeTest;
INSTANTIATE_TEST_SUITE_P(Cpu, RecomputeDeathTest, ::testing::Values("cpu"));

TEST_P(RecomputeDeathTest, Refusals) {
  Intermediates named;
  ForwardContext context;
  context.intermediates = &named;
  EXPECT_DEATH(Run(x_, context), "intermediates");
  const auto second_derivative = [&] {
    torch::autograd::grad({Run(x_).sum()}, {x_}, {}, /*retain_graph=*/true, /*create_graph=*/true);
  };
  EXPECT_DEATH(second_derivative(), "second derivative");
}

struct Variant {
  std::string name;
  ModelConfig config;
  bool bfloat16;
};

class RecomputedModelTest : public EachDeviceAnd<Variant> {
 protected:
  struct Result {
    at::Tensor logits;
    std::vector<at::Tensor> gradients;
    uint64_t next_key;
  };

  Result TrainStep(bool recompute) const {
    const VisionTransformer model = MakeModel(GetParam().config).Clone(device_);
    ForwardContext context = Training();
    context.recompute_blocks = recompute;
    Result result;
    at::Tensor loss;
    {
      std::optional<Bfloat16> on;
      if (GetParam().bfloat16) on.emplace(device_);
      result.logits = model.Forward(RandomImages(6, GetParam().config).to(device_), context);
      const at::Tensor labels = at::tensor({0, 1, 2, 3, 4, 0}, at::kLong).to(device_);
      loss = at::cross_entropy_loss(result.logits, labels);
    }
    loss.backward();
    for (const NamedParameter& p : model.Parameters()) result.gradients.push_back(p.tensor.grad());
    result.next_key = Next(context);
    return result;
  }
};

TEST_P(RecomputedModelTest, ChangesNoBit) {
  const Result plain = TrainStep(false), recomputed = TrainStep(true);
  EXPECT_EQ(plain.logits.scalar_type(), GetParam().bfloat16 ? at::kBFloat16 : at::kFloat);
  EXPECT_TRUE(recomputed.logits.equal(plain.logits));
  EXPECT_EQ(recomputed.next_key, plain.next_key);
  const auto parameters = MakeModel(GetParam().config).Parameters();
  ASSERT_EQ(plain.gradients.size(), parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(recomputed.gradients[i].equal(plain.gradients[i])) << parameters[i].name;
    EXPECT_GT(plain.gradients[i].abs().max().item<double>(), 0) << parameters[i].name;
  }
}

ModelConfig WithDropout(ModelConfig config) {
  config.set_dropout(0.1);
  config.set_stochastic_depth(0.5);
  return config;
}

INSTANTIATE_TEST_SUITE_P(
    Variants, RecomputedModelTest,
    OnEachDevice(
        ::testing::Values(Variant{"Float32", WithDropout(SmallConfig()), false},
                          Variant{"Float32Options", WithDropout(SmallConfigWithOptions()), false},
                          Variant{"Bfloat16", WithDropout(SmallConfig()), true},
                          Variant{"Bfloat16Options", WithDropout(SmallConfigWithOptions()), true})),
    AndDevice([](const Variant& variant) { return variant.name; }));

// Bytes of tensors on the CPU: those that live, and the most that ever did.
class TensorBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    now += size;
    most = std::max(most, now);
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t now = 0, most = 0;
};

struct Memory {
  int64_t kept;  // bytes from the forward to the backward pass
  int64_t most;
};

Memory MeasureTrainStep(const VisionTransformer& model, bool recompute) {
  const at::Tensor images = RandomImages(16, model.config());
  auto bytes = std::make_shared<TensorBytes>();
  const c10::DebugInfoGuard counting(c10::DebugInfoKind::PROFILER_STATE, bytes);
  ForwardContext context = Training();
  context.recompute_blocks = recompute;
  const at::Tensor loss = model.Forward(images, context).square().sum();
  const int64_t kept = bytes->now;
  loss.backward();
  for (const NamedParameter& p : model.Parameters()) p.tensor.mutable_grad().reset();
  return {kept, bytes->most};
}

TEST(RecomputedModelMemoryTest, IsThatOfTheInputsAndOneBlock) {
  ModelConfig config = SmallConfig();
  config.set_image_size(32);  // 65 tokens: activations outweigh parameters
  config.set_depth(12);
  const VisionTransformer model = MakeModel(config);
  const Memory plain = MeasureTrainStep(model, false), recomputed = MeasureTrainStep(model, true);
  const int64_t block_input = 16 * 65 * 16 * sizeof(float);
  EXPECT_GT(plain.kept, 12 * 10 * block_input);
  EXPECT_LT(recomputed.kept, plain.kept - 12 * 10 * block_input);
  EXPECT_GE(recomputed.kept, 12 * block_input);
  EXPECT_LT(recomputed.most, plain.most / 3);
}

// An evaluation neither recomputes nor refuses intermediates.
TEST(RecomputedModelLifeTest, IsForTrainingOnly) {
  const VisionTransformer model = MakeModel(SmallConfig());
  Intermediates named;
  ForwardContext context;
  context.recompute_blocks = true;
  context.intermediates = &named;
  model.Forward(RandomImages(1, SmallConfig()), context);
  EXPECT_EQ(named.size(), 10);
}

// A graph may outlive the model that made it.
TEST(RecomputedModelLifeTest, TheModelMayGoBeforeTheBackwardPass) {
  std::optional<VisionTransformer> model = MakeModel(SmallConfig());
  const auto parameters = model->Parameters();
  ForwardContext context = Training();
  context.recompute_blocks = true;
  const at::Tensor loss = model->Forward(RandomImages(1, SmallConfig()), context).sum();
  model.reset();
  loss.backward();
  for (const NamedParameter& p : parameters) EXPECT_TRUE(p.tensor.grad().defined()) << p.name;
}

}  // namespace
}  // namespace vitrine
