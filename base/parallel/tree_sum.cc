#include "base/parallel/tree_sum.h"

#include <utility>

#include "ATen/core/grad_mode.h"
#include "glog/logging.h"

namespace vitrine {

void AddInTree(std::vector<at::Tensor> pieces, int into) {
  CHECK(into >= 0 && into < static_cast<int>(pieces.size()));
  const at::NoGradGuard no_grad;
  for (; pieces.size() > 1; into /= 2) {
    std::vector<at::Tensor> sums;
    for (size_t i = 0; i + 1 < pieces.size(); i += 2) {
      // a + b and b + a are the same bits, so either may hold the sum.
      const bool is_right = into == static_cast<int>(i) + 1;
      sums.push_back(pieces[i + is_right].add_(pieces[i + !is_right]));
    }
    if (pieces.size() % 2 == 1) sums.push_back(pieces.back());
    pieces = std::move(sums);
  }
}

}  // namespace vitrine
