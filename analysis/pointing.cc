#include "analysis/pointing.h"

#include <algorithm>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"

namespace vitrine {
namespace {

// [n]: the share of each patch's side that lies in [begin, begin + length).
at::Tensor Coverage(int64_t n, int64_t begin, int64_t length, int64_t patch) {
  at::Tensor coverage = at::empty({n}, at::kDouble);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t from = std::max(begin, i * patch);
    const int64_t to = std::min(begin + length, (i + 1) * patch);
    coverage[i] = static_cast<double>(std::max(int64_t{0}, to - from)) / static_cast<double>(patch);
  }
  return coverage;
}

bool Contains(int64_t begin, int64_t length, double position) {
  return position >= begin && position < begin + length;
}

}  // namespace

PointingScores Point(const at::Tensor& map, const Box& box, int64_t patch_size) {
  const int64_t rows = map.size(0), columns = map.size(1);
  const int64_t most = map.argmax().item<int64_t>();
  const double x = (most % columns + 0.5) * patch_size, y = (most / columns + 0.5) * patch_size;
  const at::Tensor inside = Coverage(rows, box.y, box.height, patch_size).unsqueeze(1) *
                            Coverage(columns, box.x, box.width, patch_size);
  const at::Tensor relevance = map.to(at::kDouble);
  return {.hit = Contains(box.x, box.width, x) && Contains(box.y, box.height, y) ? 1.0 : 0.0,
          .mass = ((relevance * inside).sum() / relevance.sum()).item<double>()};
}

}  // namespace vitrine
