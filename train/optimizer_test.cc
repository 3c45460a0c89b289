#include "train/optimizer.h"

#include <cmath>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

std::vector<NamedParameter> Parameters() {
  return {{"layer.weight", Random({3, 4}, 1).requires_grad_(true)},
          {"layer.bias", Random({3}, 2).requires_grad_(true)},
          {"class_token", Random({1, 1, 4}, 3).requires_grad_(true)}};
}

void SetGradients(std::vector<NamedParameter>& parameters, uint64_t seed) {
  for (NamedParameter& p : parameters) {
    p.tensor.mutable_grad() = Random(p.tensor.sizes(), seed++);
  }
}

// The algorithm as the paper states it (Loshchilov and Hutter, algorithm 2), in double.
struct Reference {
  at::Tensor value, m, v;

  void Step(const at::Tensor& gradient, double lr, double decay, int t) {
    value = value - lr * decay * value;
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient * gradient;
    const at::Tensor m_hat = m / (1 - std::pow(0.9, t)), v_hat = v / (1 - std::pow(0.999, t));
    value = value - lr * m_hat / (v_hat.sqrt() + 1e-8);
  }
};

TEST(AdamWTest, IsTheAlgorithmOfThePaper) {
  OptimizerConfig config;
  config.set_weight_decay(0.1);
  auto parameters = Parameters();
  std::vector<Reference> references;
  for (const NamedParameter& p : parameters) {
    const at::Tensor value = p.tensor.detach().to(at::kDouble);
    references.push_back({value, value * 0, value * 0});
  }
  AdamW optimizer(config, parameters);
  for (int t = 1; t <= 5; ++t) {
    SetGradients(parameters, 10 * t);
    for (size_t i = 0; i < parameters.size(); ++i) {
      const double decay = parameters[i].name == "layer.weight" ? 0.1 : 0;
      references[i].Step(parameters[i].tensor.grad().to(at::kDouble), 0.01, decay, t);
    }
    optimizer.Step(0.01);
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor difference = parameters[i].tensor.detach() - references[i].value;
    EXPECT_LT(difference.abs().max().item<double>(), 1e-6) << parameters[i].name;
    EXPECT_FALSE(parameters[i].tensor.grad().defined()) << "gradients are released";
  }
}

TEST(AdamWTest, SavedStateGoesOnWithTheSameBits) {
  auto parameters = Parameters();
  AdamW optimizer({}, parameters);
  SetGradients(parameters, 1);
  optimizer.Step(0.01);

  std::vector<NamedParameter> copies;
  for (const NamedParameter& p : parameters) {
    copies.push_back({p.name, p.tensor.detach().clone().requires_grad_(true)});
  }
  AdamW restored({}, copies);
  ASSERT_OK(restored.Load(optimizer.State(), optimizer.step_count()));
  SetGradients(parameters, 2);
  SetGradients(copies, 2);
  optimizer.Step(0.02);
  restored.Step(0.02);
  EXPECT_EQ(restored.step_count(), 2);
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(copies[i].tensor.equal(parameters[i].tensor)) << parameters[i].name;
  }
}

TEST(AdamWTest, StateThatDoesNotFitIsNamed) {
  auto parameters = Parameters();
  AdamW optimizer({}, parameters);
  TensorMap state = optimizer.State();
  state.erase("exp_avg.layer.bias");
  state["exp_avg.class_token"] = at::zeros({2});
  state["exp_avg.extra"] = at::zeros({2});
  EXPECT_THAT(optimizer.Load(state, 1),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("exp_avg.layer.bias"), HasSubstr("exp_avg.class_token"),
                          HasSubstr("exp_avg.extra"))));
}

TEST(AdamWTest, DescriptionCountsTheGroups) {
  EXPECT_THAT(AdamW({}, Parameters()).Describe(),
              HasSubstr("on 1 tensors (12 numbers), none on 2 (7)"));
}

TEST(IsDecayedTest, LinearWeightsByName) {
  const auto rule = OptimizerConfig::LINEAR_WEIGHTS;
  EXPECT_TRUE(IsDecayed(rule, "blocks.0.mlp.hidden.weight", 2));
  EXPECT_FALSE(IsDecayed(rule, "blocks.0.mlp.hidden.bias", 1));
  EXPECT_FALSE(IsDecayed(rule, "final_norm.weight", 1));
  EXPECT_FALSE(IsDecayed(rule, "class_token", 3));
  EXPECT_FALSE(IsDecayed(rule, "position_embedding", 3));
  EXPECT_FALSE(IsDecayed(rule, "blocks.0.mlp_scale", 1));
}

TEST(IsDecayedTest, MatricesByDimensions) {
  const auto rule = OptimizerConfig::MATRICES;
  EXPECT_TRUE(IsDecayed(rule, "head.weight", 2));
  EXPECT_TRUE(IsDecayed(rule, "class_token", 3));
  EXPECT_TRUE(IsDecayed(rule, "position_embedding", 3));
  EXPECT_FALSE(IsDecayed(rule, "final_norm.weight", 1));
}

}  // namespace
}  // namespace vitrine
