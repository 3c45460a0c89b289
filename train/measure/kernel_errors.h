// How far the results of both kinds of kernels are from exact ones.
//
//   ASSIGN_OR_RETURN(const KernelErrors errors, MeasureKernelErrors(config, batch));
//   std::cout << Describe(errors);

#ifndef TRAIN_MEASURE_KERNEL_ERRORS_H_
#define TRAIN_MEASURE_KERNEL_ERRORS_H_

#include <array>
#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/batches/batch.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The errors of all numbers of some tensors, in decades. An error is the distance from the exact
// number, as a share of the root mean square of the exact tensor.
class ErrorHistogram {
 public:
  // The first bin has all errors below 1e-10 and the last those from 1 on.
  static constexpr int kLowestDecade = -10;
  static constexpr int kBins = 2 - kLowestDecade;

  // Both of one shape; `exact` is float64.
  void Add(const std::string& name, const at::Tensor& tensor, const at::Tensor& exact);

  int64_t count() const;
  const std::array<int64_t, kBins>& counts() const { return counts_; }

  // The tensor with the largest root mean square of its errors, and that.
  const std::string& worst_name() const { return worst_name_; }
  double worst_error() const { return worst_error_; }

 private:
  std::array<int64_t, kBins> counts_{};
  std::string worst_name_;
  double worst_error_ = 0;
};

struct KernelErrors {
  ErrorHistogram reference, fused;
};

// Of the logits and the gradient of every parameter in the first iteration of training, with each
// kind of kernels in the config's precision, against plain kernels in float64. On the CPU.
absl::StatusOr<KernelErrors> MeasureKernelErrors(const ExperimentConfig& config,
                                                 const Batch& batch);

// A line for each decade, with bars.
std::string Describe(const KernelErrors& errors);

}  // namespace vitrine

#endif  // TRAIN_MEASURE_KERNEL_ERRORS_H_
