#include "analysis/pointing.h"

#include <algorithm>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"

namespace vitrine {
namespace {

// [n]: the share of each patch's side that lies in [begin, begin + length) of `size` pixels.
at::Tensor Coverage(int64_t n, int64_t begin, int64_t length, int64_t size) {
  at::Tensor coverage = at::empty({n}, at::kDouble);
  const double patch = static_cast<double>(size) / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    const double from = std::max<double>(begin, i * patch);
    const double to = std::min<double>(begin + length, (i + 1) * patch);
    coverage[i] = std::max(0.0, to - from) / patch;
  }
  return coverage;
}

bool Contains(int64_t begin, int64_t length, double position) {
  return position >= begin && position < begin + length;
}

}  // namespace

PointingScores Point(const at::Tensor& map, const Box& box, int64_t image_size) {
  const int64_t n = map.size(0);
  const double patch = static_cast<double>(image_size) / static_cast<double>(n);
  const int64_t most = map.argmax().item<int64_t>();
  const double x = (most % n + 0.5) * patch, y = (most / n + 0.5) * patch;
  const at::Tensor inside = Coverage(n, box.y, box.height, image_size).unsqueeze(1) *
                            Coverage(n, box.x, box.width, image_size);
  const at::Tensor relevance = map.to(at::kDouble);
  return {.hit = Contains(box.x, box.width, x) && Contains(box.y, box.height, y) ? 1.0 : 0.0,
          .mass = ((relevance * inside).sum() / relevance.sum()).item<double>()};
}

}  // namespace vitrine
