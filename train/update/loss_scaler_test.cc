#include "train/update/loss_scaler.h"

#include <limits>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "ATen/ops/ones.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

LossScaleConfig Config(float initial, int growth_interval) {
  LossScaleConfig config;
  config.set_initial(initial);
  config.set_growth_interval(growth_interval);
  return config;
}

class LossScalerTest : public EachDevice {
 protected:
  // One update whose gradient is the value; returns whether it overflowed.
  bool Update(LossScaler& scaler, float gradient) const {
    std::vector<at::Tensor> gradients = {at::ones({3}, device_), at::full({2}, gradient, device_)};
    const at::Tensor found_inf = scaler.Unscale(gradients);
    scaler.Update(found_inf);
    return found_inf.item<float>() != 0;
  }
};

// A script of gradients, and what GradScaler's rules make of the scale after each.
struct Row {
  float gradient;
  bool overflow;
  float scale;
  int growth_tracker;
};

TEST_P(LossScalerTest, FollowsAScriptOfOverflows) {
  LossScaler scaler(Config(1024, 3), device_);
  const Row script[] = {
      {1, false, 1024, 1}, {1, false, 1024, 2},   {1, false, 2048, 0},  // three in a row: doubled
      {1, false, 2048, 1}, {kInf, true, 1024, 0},                       // the count starts again
      {1, false, 1024, 1}, {1, false, 1024, 2},   {kNan, true, 512, 0}, {-kInf, true, 256, 0},
      {1, false, 256, 1},  {1, false, 256, 2},    {1, false, 512, 0},
  };
  int number = 0;
  for (const Row& row : script) {
    SCOPED_TRACE(number++);
    EXPECT_EQ(Update(scaler, row.gradient), row.overflow);
    const LossScaleState state = scaler.State();
    EXPECT_EQ(state.scale(), row.scale);
    EXPECT_EQ(state.growth_tracker(), row.growth_tracker);
  }
}

TEST_P(LossScalerTest, TheScaleDoesNotFallBelowOne) {
  LossScaler scaler(Config(4, 2), device_);
  Update(scaler, kInf);
  EXPECT_FALSE(scaler.IsLeast().item<bool>());
  for (int i = 0; i < 200; ++i) Update(scaler, kInf);
  EXPECT_TRUE(scaler.IsLeast().item<bool>());
  EXPECT_EQ(scaler.State().scale(), 1);
  Update(scaler, 1);
  Update(scaler, 1);
  EXPECT_EQ(scaler.State().scale(), 2);
}

TEST_P(LossScalerTest, UnscalingUndoesScaling) {
  const LossScaler scaler(Config(65536, 2000), device_);
  at::Tensor x = at::full({}, 3.0f, device_).requires_grad_(true);
  scaler.Scale(x * x).backward();
  std::vector<at::Tensor> gradients = {x.grad()};
  EXPECT_EQ(gradients[0].item<float>(), 6 * 65536);
  EXPECT_EQ(scaler.Unscale(gradients).item<float>(), 0);
  EXPECT_EQ(x.grad().item<float>(), 6);
}

TEST_P(LossScalerTest, StateComesBack) {
  LossScaler scaler(Config(1024, 3), device_);
  Update(scaler, 1);
  Update(scaler, 1);
  LossScaler other(Config(65536, 3), device_);
  other.Load(scaler.State());
  Update(scaler, 1);
  Update(other, 1);
  EXPECT_EQ(other.State().scale(), 2048);
  EXPECT_EQ(other.State().SerializeAsString(), scaler.State().SerializeAsString());
}

INSTANTIATE_ON_EACH_DEVICE(LossScalerTest);

}  // namespace
}  // namespace vitrine
