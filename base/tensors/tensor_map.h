// Tensors by name: what a model, an optimizer and a file exchange.

#ifndef BASE_TENSORS_TENSOR_MAP_H_
#define BASE_TENSORS_TENSOR_MAP_H_

#include <map>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"

namespace vitrine {

// Sorted by name, so that equal tensors give equal bytes in a file.
using TensorMap = std::map<std::string, at::Tensor>;

// FailedPrecondition if `from` has not the names and shapes of `to`, and the same of integers or
// floating point; the error names every tensor that is missing, unknown or otherwise different.
absl::Status CheckSameTensors(const TensorMap& from, const TensorMap& to);

// Copies the values of `from` into the memory of `to`, on whatever devices they lie. Nothing is
// copied if CheckSameTensors fails.
absl::Status CopyTensors(const TensorMap& from, const TensorMap& to);

}  // namespace vitrine

#endif  // BASE_TENSORS_TENSOR_MAP_H_
