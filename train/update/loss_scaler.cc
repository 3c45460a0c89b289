#include "train/update/loss_scaler.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_amp_foreach_non_finite_check_and_unscale.h"
#include "ATen/ops/_amp_update_scale.h"
#include "ATen/ops/full.h"
#include "ATen/ops/zeros.h"

namespace vitrine {
namespace {

constexpr double kGrowth = 2;
constexpr double kBackoff = 0.5;

// GradScaler has no least scale. Below 1 it would take from half precision the small numbers that
// it is there to keep, and 144 overflows in a row would end in a scale that divides by zero.
constexpr double kLeast = 1;

}  // namespace

LossScaler::LossScaler(const LossScaleConfig& config, at::Device device)
    : growth_interval_(config.growth_interval()),
      scale_(at::full({}, config.initial(), at::TensorOptions(at::kFloat).device(device))),
      growth_tracker_(at::zeros({}, at::TensorOptions(at::kInt).device(device))) {}

at::Tensor LossScaler::Scale(const at::Tensor& loss) const { return loss * scale_; }

at::Tensor LossScaler::Unscale(std::vector<at::Tensor>& gradients) const {
  const at::NoGradGuard no_grad;
  at::Tensor found_inf = at::zeros({}, scale_.options());
  // The scale is a power of two unless the config says otherwise, so this is exact.
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_inf, scale_.reciprocal());
  return found_inf;
}

void LossScaler::Update(const at::Tensor& found_inf) {
  at::_amp_update_scale_(scale_, growth_tracker_, found_inf, kGrowth, kBackoff, growth_interval_);
  scale_.clamp_min_(kLeast);
}

at::Tensor LossScaler::IsLeast() const { return scale_ <= kLeast; }

LossScaleState LossScaler::State() const {
  LossScaleState state;
  state.set_scale(scale_.item<float>());
  state.set_growth_tracker(growth_tracker_.item<int32_t>());
  return state;
}

void LossScaler::Load(const LossScaleState& state) {
  scale_.fill_(state.scale());
  growth_tracker_.fill_(state.growth_tracker());
}

}  // namespace vitrine
