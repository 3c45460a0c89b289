// The arithmetic mean of sets of tensors, in float64 and in the memory of one set: what averaging
// checkpoints is.
//
//   TensorMean mean;
//   for (const TensorMap& weights : sets) RETURN_IF_ERROR(mean.Add(weights));
//   model.Load(mean.Mean());

#ifndef BASE_TENSORS_TENSOR_MEAN_H_
#define BASE_TENSORS_TENSOR_MEAN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "base/tensors/tensor_map.h"

namespace vitrine {

// sum / count of each, float32, rounded once.
TensorMap MeanOf(const TensorMap& sums, int64_t count);

class TensorMean {
 public:
  // Floating-point tensors. FailedPrecondition, with every difference, if the names or shapes are
  // not those of the first set; then nothing is added.
  absl::Status Add(const TensorMap& tensors);

  // The number of sets.
  int64_t count() const { return count_; }

  // Their mean, of sums in the order in which the sets were added. At least one was.
  TensorMap Mean() const { return MeanOf(sums_, count_); }

  // The sums so far, float64; what Load goes on from. Handles, not copies.
  const TensorMap& sums() const { return sums_; }

  // Goes on from copies, on this device, of the sums of `count` sets.
  void Load(const TensorMap& sums, int64_t count, at::Device device);

 private:
  TensorMap sums_;
  int64_t count_ = 0;
};

}  // namespace vitrine

#endif  // BASE_TENSORS_TENSOR_MEAN_H_
