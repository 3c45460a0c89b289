#include "base/parallel/tree_sum.h"

#include "ATen/core/grad_mode.h"
#include "glog/logging.h"

namespace vitrine {

at::Tensor AddInTree(std::vector<at::Tensor> parts) {
  const at::NoGradGuard no_grad;
  CHECK(!parts.empty());
  for (size_t distance = 1; distance < parts.size(); distance *= 2) {
    for (size_t i = 0; i + distance < parts.size(); i += 2 * distance) {
      parts[i].add_(parts[i + distance]);
    }
  }
  return parts[0];
}

}  // namespace vitrine
