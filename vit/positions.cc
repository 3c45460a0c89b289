#include "vit/positions.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/outer.h"
#include "ATen/ops/pow.h"

namespace vitrine {

at::Tensor SinCosPositions(int64_t rows, int64_t columns, int64_t width,
                           const at::TensorOptions& options) {
  const int64_t count = width / 4;
  const auto in_double = at::TensorOptions(at::kDouble);
  const at::Tensor exponents = at::arange(count, in_double) / static_cast<double>(count - 1);
  const at::Tensor frequencies = at::pow(10000.0, -exponents);
  const auto angles = [&](int64_t steps) {
    return at::outer(at::arange(steps, in_double), frequencies);  // [steps, D/4]
  };
  const at::Tensor x = angles(columns).repeat({rows, 1});           // [n, D/4]
  const at::Tensor y = angles(rows).repeat_interleave(columns, 0);  // [n, D/4]
  return at::concat({x.sin(), x.cos(), y.sin(), y.cos()}, 1).unsqueeze(0).to(options);
}

}  // namespace vitrine
