#include "analysis/perturbation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"
#include "base/random.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// The numbers of the patches, the most relevant first.
std::vector<int64_t> Order(const at::Tensor& map) {
  const at::Tensor flat = map.contiguous();
  const float* const relevance = flat.const_data_ptr<float>();
  std::vector<int64_t> order(flat.numel());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return relevance[a] > relevance[b]; });
  return order;
}

// [steps + 1, 1, H, W] of the image's type: 1 where a pixel is among the first share of the order.
at::Tensor Masks(const at::Tensor& map, int64_t steps, const at::Tensor& image) {
  const std::vector<int64_t> order = Order(map);
  const auto patches = static_cast<int64_t>(order.size());
  const at::Tensor changed = at::zeros({steps + 1, patches}, image.options());
  for (int64_t step = 1; step <= steps; ++step) {
    for (int64_t i = 0; i < patches * step / steps; ++i) changed[step][order[i]] = 1;
  }
  const int64_t pixels = image.size(2) / map.size(0);
  return changed.view({steps + 1, 1, map.size(0), map.size(1)})
      .repeat_interleave(pixels, 2)
      .repeat_interleave(pixels, 3);
}

// By the trapezoidal rule, of values at equal distances over [0, 1].
double Area(const at::Tensor& values) {
  return ((values.slice(0, 0, -1) + values.slice(0, 1)) / 2).mean().item<double>();
}

// Not std::hypot, which a program could not start without glibc 2.35 for.
double Distance(double x, double y) { return std::sqrt(x * x + y * y); }

}  // namespace

PerturbationScores Perturb(const VisionTransformer& model, const at::Tensor& image,
                           const at::Tensor& map, int64_t class_index, int64_t steps) {
  const at::NoGradGuard no_grad;
  CHECK_GT(steps, 0);
  const at::Tensor masks = Masks(map, std::min(steps, map.numel()), image);
  const at::Tensor pictures = at::concat({image * (1 - masks), image * masks});
  const at::Tensor probabilities =
      model.Forward(pictures, {}).to(at::kDouble).softmax(1).select(1, class_index);
  return {.deletion = Area(probabilities.slice(0, 0, masks.size(0))),
          .insertion = Area(probabilities.slice(0, masks.size(0)))};
}

at::Tensor RandomMap(PatchGrid grid, uint64_t seed, int64_t index) {
  at::Tensor map = at::empty({grid.rows, grid.columns}, at::kFloat);
  RandomStream draws(seed, "random order of patches", 0, index);
  float* const values = map.mutable_data_ptr<float>();
  for (int64_t i = 0; i < map.numel(); ++i) values[i] = static_cast<float>(draws.Uniform());
  return map;
}

at::Tensor CenterMap(PatchGrid grid) {
  at::Tensor map = at::empty({grid.rows, grid.columns}, at::kFloat);
  float* value = map.mutable_data_ptr<float>();
  const double middle_x = (grid.columns - 1) / 2.0, middle_y = (grid.rows - 1) / 2.0;
  const double corner = Distance(middle_x, middle_y);
  for (int64_t y = 0; y < grid.rows; ++y) {
    for (int64_t x = 0; x < grid.columns; ++x) {
      *value++ = static_cast<float>(1 + corner - Distance(x - middle_x, y - middle_y));
    }
  }
  return map;
}

Estimate MeanOfSample(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  CHECK_GE(count, 2);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  constexpr double kTwoSided95 = 1.959964;
  return {.mean = mean, .margin = kTwoSided95 * std::sqrt(squares / (count - 1) / count)};
}

}  // namespace vitrine
