#include "train/update/non_finite_guard.h"

#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/isfinite.h"
#include "ATen/ops/where.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {

NonFiniteGuard::NonFiniteGuard(ExperimentConfig::OnNonFinite action, std::vector<std::string> names,
                               at::Device device)
    : action_(action),
      names_(std::move(names)),
      skipped_(at::zeros({}, at::TensorOptions(at::kLong).device(device))),
      iteration_(at::zeros({}, at::TensorOptions(at::kLong).device(device))),
      values_(at::zeros({static_cast<int64_t>(names_.size()) + 1},
                        at::TensorOptions(at::kFloat).device(device))) {}

at::Tensor NonFiniteGuard::Observe(const at::Tensor& iteration, const at::Tensor& loss,
                                   const at::Tensor& norms) {
  const at::NoGradGuard no_grad;
  const at::Tensor values = at::concat({loss.detach().to(at::kFloat).reshape({1}), norms});
  const at::Tensor bad = at::isfinite(values).all().logical_not();
  const at::Tensor first = bad.logical_and(skipped_ == 0);
  iteration_.copy_(at::where(first, iteration, iteration_));
  values_.copy_(at::where(first, values, values_));
  skipped_ += bad;
  return bad.to(at::kFloat);
}

absl::Status NonFiniteGuard::Check() {
  const int64_t skipped = skipped_.item<int64_t>();
  if (skipped == reported_) return absl::OkStatus();
  if (action_ == ExperimentConfig::STOP) {
    return absl::InternalError(absl::StrCat(
        Describe(),
        "; no update was made from it. Lower schedule.max_learning_rate, clip by "
        "optimizer.clip_norm, or set on_non_finite=SKIP; the last checkpoint is good"));
  }
  LOG(WARNING) << skipped - reported_ << " iterations skipped, " << skipped
               << " in all; the first: " << Describe();
  reported_ = skipped;
  return absl::OkStatus();
}

std::string NonFiniteGuard::Describe() const {
  const at::Tensor finite = at::isfinite(values_).to(at::kCPU);
  std::string text = absl::StrCat("iteration ", iteration_.item<int64_t>(), ": ");
  if (!finite[0].item<bool>()) {
    return absl::StrCat(text, "the loss is ", values_[0].item<float>());
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!finite[i + 1].item<bool>()) {
      return absl::StrCat(text, "the gradient of ", names_[i], " has norm ",
                          values_[i + 1].item<float>());
    }
  }
  LOG(FATAL) << "a bad iteration without a bad value";
}

}  // namespace vitrine
