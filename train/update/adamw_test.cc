#include "train/update/adamw.h"

#include <cmath>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/full_like.h"
#include "ATen/ops/zeros_like.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// The algorithm as the paper states it (Loshchilov and Hutter, algorithm 2), in double.
struct Reference {
  explicit Reference(const at::Tensor& initial)
      : value(initial.to(at::kDouble)), m(at::zeros_like(value)), v(at::zeros_like(value)) {}

  void Step(const at::Tensor& gradient, double lr, double decay, int t) {
    value = value - lr * decay * value;
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient * gradient;
    const at::Tensor m_hat = m / (1 - std::pow(0.9, t)), v_hat = v / (1 - std::pow(0.999, t));
    value = value - lr * m_hat / (v_hat.sqrt() + 1e-8);
  }

  at::Tensor value, m, v;
};

double Error(const at::Tensor& actual, const at::Tensor& expected) {
  return (actual - expected).abs().max().item<double>();
}

at::Tensor Rate(double value) { return at::full({}, value, at::kDouble); }

class AdamWTest : public EachDevice {
 protected:
  at::Tensor Random(at::IntArrayRef shape, uint64_t seed) const {
    return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(seed)).to(device_);
  }

  at::Tensor Number(double value) const {
    return at::full({}, value, at::TensorOptions(device_).dtype(at::kFloat));
  }
};

TEST_P(AdamWTest, IsTheAlgorithmOfThePaper) {
  at::Tensor weight = Random({3, 4}, 1), bias = Random({3}, 2);
  Reference weight_reference(weight), bias_reference(bias);
  AdamW adamw({}, 0.1);
  adamw.Add({"weight", weight});
  adamw.Add({"bias", bias});
  for (int t = 1; t <= 5; ++t) {
    weight.mutable_grad() = Random({3, 4}, 10 * t);
    bias.mutable_grad() = Random({3}, 10 * t + 1);
    weight_reference.Step(weight.grad().to(at::kDouble), 0.01, 0.1, t);
    bias_reference.Step(bias.grad().to(at::kDouble), 0.01, 0.1, t);
    adamw.Step(Rate(0.01), Number(t), {}, {});
  }
  EXPECT_LT(Error(weight, weight_reference.value), 1e-6);
  EXPECT_LT(Error(bias, bias_reference.value), 1e-6);
  const TensorMap state = adamw.State();
  ASSERT_EQ(state.size(), 4);
  EXPECT_LT(Error(state.at("exp_avg.weight"), weight_reference.m), 1e-6);
  EXPECT_LT(Error(state.at("exp_avg_sq.bias"), bias_reference.v), 1e-6);
}

TEST_P(AdamWTest, FoundInfOfOneChangesNothing) {
  at::Tensor weight = Random({3, 4}, 1);
  AdamW adamw({}, 0.1);
  adamw.Add({"weight", weight});
  weight.mutable_grad() = Random({3, 4}, 2);
  adamw.Step(Rate(0.01), Number(1), Number(0), {});
  const at::Tensor before = weight.clone();
  const at::Tensor mean = adamw.State().at("exp_avg.weight").clone();
  EXPECT_FALSE(before.equal(Random({3, 4}, 1))) << "a found_inf of 0 lets the update through";

  weight.mutable_grad() = at::full_like(weight, NAN);
  adamw.Step(Rate(0.01), Number(2), Number(1), {});
  EXPECT_TRUE(weight.equal(before));
  EXPECT_TRUE(adamw.State().at("exp_avg.weight").equal(mean));
}

TEST_P(AdamWTest, NoParametersAreNoMistake) {
  AdamW adamw({}, 0.1);
  adamw.Step(Rate(0.01), Number(1), {}, {});
  EXPECT_TRUE(adamw.State().empty());
}

INSTANTIATE_ON_EACH_DEVICE(AdamWTest);

}  // namespace
}  // namespace vitrine
