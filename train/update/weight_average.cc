#include "train/update/weight_average.h"

#include <algorithm>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/_foreach_lerp.h"
#include "ATen/ops/zeros_like.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {

WeightAverage::WeightAverage(const std::vector<NamedParameter>& parameters, double horizon)
    : horizon_(horizon) {
  CHECK_GE(horizon, 1);
  for (const NamedParameter& parameter : parameters) {
    names_.push_back(parameter.name);
    parameters_.push_back(parameter.tensor);
    averages_.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
  }
}

void WeightAverage::Update() {
  const at::NoGradGuard no_grad;
  ++updates_;
  at::_foreach_lerp_(averages_, parameters_, 1 / std::min<double>(updates_, horizon_));
}

TensorMap WeightAverage::State() const {
  TensorMap state;
  for (size_t i = 0; i < names_.size(); ++i) state.emplace(names_[i], averages_[i]);
  return state;
}

absl::Status WeightAverage::Load(const TensorMap& state, int64_t updates) {
  RETURN_IF_ERROR(CopyTensors(state, State()));
  updates_ = updates;
  return absl::OkStatus();
}

}  // namespace vitrine
