#include "base/tensors/tensor_mean.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {

TensorMap MeanOf(const TensorMap& sums, int64_t count) {
  CHECK_GT(count, 0);
  TensorMap mean;
  for (const auto& [name, sum] : sums)
    mean[name] = (sum / static_cast<double>(count)).to(at::kFloat);
  return mean;
}

absl::Status TensorMean::Add(const TensorMap& tensors) {
  const at::NoGradGuard no_grad;
  if (count_ == 0) {
    for (const auto& [name, tensor] : tensors) {
      sums_[name] = tensor.detach().to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    }
  } else {
    RETURN_IF_ERROR(CheckSameTensors(tensors, sums_));
    for (auto& [name, sum] : sums_) sum.add_(tensors.at(name));
  }
  ++count_;
  return absl::OkStatus();
}

void TensorMean::Load(const TensorMap& sums, int64_t count, at::Device device) {
  CHECK_GT(count, 0);
  for (const auto& [name, sum] : sums) {
    sums_[name] = sum.to(device, at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  }
  count_ = count;
}

}  // namespace vitrine
