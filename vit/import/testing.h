// The models of other packages in testdata/, for tests.

#ifndef VIT_IMPORT_TESTING_H_
#define VIT_IMPORT_TESTING_H_

#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "base/tensors/tensor_map.h"

namespace vitrine {

struct PackageModel {
  TensorMap weights;  // as the package saves them
  at::Tensor images, logits;
};

std::vector<std::string> PackageModelNames();

PackageModel LoadPackageModel(std::string_view name);

}  // namespace vitrine

#endif  // VIT_IMPORT_TESTING_H_
