#include "train/update/optimizer.h"

#include <cmath>
#include <limits>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/full_like.h"
#include "ATen/ops/zeros.h"
#include "ATen/ops/zeros_like.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/update/parameter_rules.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor Rate(double value) { return at::full({}, value, at::kDouble); }

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

// One parameter of every sort: two that Muon takes, one more that is decayed, two that are not.
std::vector<NamedParameter> ParametersOn(at::Device device) {
  std::vector<NamedParameter> parameters = {{"blocks.0.attention.qkv.weight", Random({12, 4}, 1)},
                                            {"blocks.0.mlp.hidden.weight", Random({6, 4}, 2)},
                                            {"head.weight", Random({3, 4}, 3)},
                                            {"head.bias", Random({3}, 4)},
                                            {"class_token", Random({1, 1, 4}, 5)}};
  for (NamedParameter& p : parameters) p.tensor = p.tensor.to(device).requires_grad_(true);
  return parameters;
}

void SetGradients(std::vector<NamedParameter>& parameters, uint64_t seed) {
  for (NamedParameter& p : parameters) {
    p.tensor.mutable_grad() = Random(p.tensor.sizes(), seed++).to(p.tensor.device());
  }
}

void FillGradients(std::vector<NamedParameter>& parameters, double value) {
  for (NamedParameter& p : parameters) p.tensor.mutable_grad() = at::full_like(p.tensor, value);
}

// Everything that a step changes, as integers: that 0 and -0 differ, and NaN equals itself.
TensorMap Bits(const std::vector<NamedParameter>& parameters, const Optimizer& optimizer) {
  TensorMap bits = optimizer.State();
  for (const NamedParameter& p : parameters) bits[p.name] = p.tensor.detach();
  bits["step_count"] = at::full({}, optimizer.step_count(), at::kFloat);
  for (auto& [name, tensor] : bits) tensor = tensor.view(at::kInt).clone();
  return bits;
}

void ExpectEqual(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

class OptimizerTest : public EachDeviceAnd<OptimizerConfig::Kind> {
 protected:
  OptimizerTest() { config_.set_kind(GetParam()); }

  std::vector<NamedParameter> Parameters() const { return ParametersOn(device_); }

  at::Tensor Number(double value) const {
    return at::full({}, value, at::TensorOptions(device_).dtype(at::kFloat));
  }

  OptimizerConfig config_;
};

TEST_P(OptimizerTest, WithoutGradientsOnlyDecaysAndOnlyWhatTheRuleSays) {
  config_.set_weight_decay(0.1);
  auto parameters = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1);
  FillGradients(parameters, 0);
  optimizer.Step(Rate(0.5));
  const auto initial = Parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const NamedParameter& p = parameters[i];
    const double factor = IsDecayed(config_.decay(), p.name, p.tensor.dim()) ? 1 - 0.5 * 0.1 : 1;
    const at::Tensor difference = p.tensor.detach() - factor * initial[i].tensor.detach();
    EXPECT_LT(difference.abs().max().item<double>(), 1e-6) << p.name;
  }
}

TEST_P(OptimizerTest, EveryStepMovesEveryParameterAndReleasesItsGradient) {
  auto parameters = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1);
  for (int step = 1; step <= 3; ++step) {
    const TensorMap before = Bits(parameters, optimizer);
    SetGradients(parameters, 10 * step);
    optimizer.Step(Rate(0.01));
    EXPECT_EQ(optimizer.step_count(), step);
    for (const auto& [name, bits] : Bits(parameters, optimizer)) {
      EXPECT_FALSE(bits.equal(before.at(name))) << name;
    }
    for (const NamedParameter& p : parameters) EXPECT_FALSE(p.tensor.grad().defined()) << p.name;
  }
}

TEST_P(OptimizerTest, SavedStateGoesOnWithTheSameBits) {
  auto parameters = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1);
  SetGradients(parameters, 1);
  optimizer.Step(Rate(0.01));

  std::vector<NamedParameter> copies;
  for (const NamedParameter& p : parameters) {
    copies.push_back({p.name, p.tensor.detach().clone().requires_grad_(true)});
  }
  Optimizer restored(config_, copies, /*depth=*/1);
  ASSERT_OK(restored.Load(optimizer.State(), optimizer.step_count()));
  SetGradients(parameters, 2);
  SetGradients(copies, 2);
  optimizer.Step(Rate(0.02));
  restored.Step(Rate(0.02));
  EXPECT_EQ(restored.step_count(), 2);
  ExpectEqual(Bits(copies, restored), Bits(parameters, optimizer));
}

// Gradients four times as large and a divisor of four are the same numbers.
TEST_P(OptimizerTest, DividesTheGradients) {
  auto parameters = Parameters(), others = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1), other(config_, others, /*depth=*/1);
  SetGradients(parameters, 1);
  SetGradients(others, 1);
  for (NamedParameter& p : parameters) p.tensor.mutable_grad() = 4 * p.tensor.grad();
  optimizer.Step(Rate(0.01), /*found_inf=*/{}, Number(4));
  other.Step(Rate(0.01));
  ExpectEqual(Bits(parameters, optimizer), Bits(others, other));
}

TEST_P(OptimizerTest, StateThatDoesNotFitIsNamed) {
  auto parameters = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1);
  const TensorMap before = Bits(parameters, optimizer);
  TensorMap state = optimizer.State();
  for (auto& [name, moment] : state) moment = at::full_like(moment, 1);
  state.erase("exp_avg.head.bias");
  state["exp_avg.class_token"] = at::zeros({2});
  state["exp_avg.extra"] = at::zeros({2});
  EXPECT_THAT(optimizer.Load(state, 1),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("exp_avg.head.bias"), HasSubstr("exp_avg.class_token"),
                          HasSubstr("exp_avg.extra"), Not(HasSubstr("head.weight")))));
  ExpectEqual(Bits(parameters, optimizer), before);
}

TEST_P(OptimizerTest, StateOfTheOtherKindIsNamed) {
  const bool is_muon = GetParam() == OptimizerConfig::MUON;
  OptimizerConfig other;
  other.set_kind(is_muon ? OptimizerConfig::ADAMW : OptimizerConfig::MUON);
  EXPECT_THAT(
      Optimizer(config_, Parameters(), 1).Load(Optimizer(other, Parameters(), 1).State(), 0),
      Fails(absl::StatusCode::kFailedPrecondition,
            AllOf(HasSubstr("momentum_buffer.blocks.0.attention.qkv.weight"),
                  HasSubstr("exp_avg.blocks.0.attention.qkv.weight"),
                  HasSubstr("exp_avg_sq.blocks.0.mlp.hidden.weight"))));
}

TEST_P(OptimizerTest, StepCountThatCannotBeIsRefused) {
  Optimizer optimizer(config_, Parameters(), /*depth=*/1);
  for (const int64_t count : {int64_t{-1}, (int64_t{1} << 24) + 1}) {
    EXPECT_THAT(optimizer.Load(optimizer.State(), count),
                Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("step count")));
  }
  EXPECT_OK(optimizer.Load(optimizer.State(), 1 << 24));
  EXPECT_EQ(optimizer.step_count(), 1 << 24);
}

TEST_P(OptimizerTest, FoundInfLeavesEveryBit) {
  auto parameters = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1);
  {
    const at::NoGradGuard no_grad;
    for (NamedParameter& p : parameters) p.tensor.select(0, 0).fill_(-0.0);
  }
  FillGradients(parameters, -0.0);
  optimizer.Step(Rate(0));
  const TensorMap before = Bits(parameters, optimizer);
  for (const double found_inf : {1.0, 0.5, -1.0, 1e-30, kInfinity, double{NAN}}) {
    for (const double gradient : {double{NAN}, kInfinity, 1e38, 1.0}) {
      FillGradients(parameters, gradient);
      optimizer.Step(Rate(0.01), Number(found_inf));
      ExpectEqual(Bits(parameters, optimizer), before);
      EXPECT_FALSE(parameters[0].tensor.grad().defined());
    }
  }
}

TEST_P(OptimizerTest, SkippedUpdateIsAsIfItHadNotBeen) {
  auto parameters = Parameters(), others = Parameters();
  Optimizer optimizer(config_, parameters, /*depth=*/1), other(config_, others, /*depth=*/1);
  for (int step = 0; step < 3; ++step) {
    FillGradients(parameters, NAN);
    optimizer.Step(Rate(0.01), Number(1));
    SetGradients(parameters, 10 * step);
    optimizer.Step(Rate(0.01), Number(0));
    SetGradients(others, 10 * step);
    other.Step(Rate(0.01));
  }
  EXPECT_EQ(optimizer.step_count(), 3);
  ExpectEqual(Bits(parameters, optimizer), Bits(others, other));
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerTest,
                         OnEachDevice(::testing::Values(OptimizerConfig::ADAMW,
                                                        OptimizerConfig::MUON)),
                         AndDevice(OptimizerConfig::Kind_Name<OptimizerConfig::Kind>));

TEST(OptimizerDeathTest, WrongUseIsAFailedCheck) {
  auto parameters = ParametersOn(at::kCPU);
  Optimizer optimizer({}, parameters, /*depth=*/1);
  SetGradients(parameters, 1);
  EXPECT_DEATH(optimizer.Step(Rate(0.01), at::zeros({1})), "no dimensions");
  EXPECT_DEATH(optimizer.Step(Rate(0.01), at::zeros({}, at::kDouble)), "float32");
  EXPECT_DEATH(optimizer.Step(Rate(0.01), at::zeros({}, at::kMeta)), "on cpu");
  parameters[3].tensor.mutable_grad().reset();
  EXPECT_DEATH(optimizer.Step(Rate(0.01)), "head.bias: a step needs every gradient");
  EXPECT_DEATH(Optimizer({}, {}, 0), "parameters");
}

TEST(OptimizerDescribeTest, NamesTheGroups) {
  OptimizerConfig config;
  config.set_weight_decay(0.05);
  EXPECT_EQ(Optimizer(config, ParametersOn(at::kCPU), 1).Describe(),
            "AdamW with weight decay 0.05 on 3 tensors (84 numbers), "
            "AdamW with weight decay 0 on 2 tensors (7 numbers)");
  config.set_kind(OptimizerConfig::MUON);
  EXPECT_EQ(Optimizer(config, ParametersOn(at::kCPU), 1).Describe(),
            "Muon with weight decay 0.05 on 2 tensors (72 numbers), "
            "AdamW with weight decay 0.05 on 1 tensors (12 numbers), "
            "AdamW with weight decay 0 on 2 tensors (7 numbers)");
}

}  // namespace
}  // namespace vitrine
