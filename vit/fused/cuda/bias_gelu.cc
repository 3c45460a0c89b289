#include "vit/fused/cuda/bias_gelu.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "base/tensors/custom_gradient.h"
#include "glog/logging.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine::fused::cuda {
namespace {

constexpr int64_t kWarps = 8;
constexpr int64_t kMostStrips = 1024;
constexpr int64_t kMostStripsOfSums = 64;  // the same number on every GPU

Geometry OfStrips(int64_t rows, int64_t width, int64_t most) {
  return {.blocks = (width + kSpan - 1) / kSpan,
          .strips = std::min((rows + kWarps - 1) / kWarps, most),
          .warps = kWarps};
}

at::Tensor Activated(const at::Tensor& product, const at::Tensor& bias) {
  const int64_t width = product.size(-1), rows = product.numel() / width;
  at::Tensor activated = at::empty_like(product);
  Launch(product.scalar_type(), OfStrips(rows, width, kMostStrips),
         BiasGeluForward{.rows = rows,
                         .width = static_cast<int>(width),
                         .product = product.const_data_ptr(),
                         .bias = bias.const_data_ptr<float>(),
                         .activated = activated.mutable_data_ptr()},
         product.device());
  return activated;
}

std::vector<at::Tensor> RunBackward(const BackwardPass& pass) {
  const at::Tensor &product = pass.saved[0], &bias = pass.saved[1];
  const at::Tensor d_activated = pass.gradients[0].contiguous();
  const int64_t width = product.size(-1), rows = product.numel() / width;
  Geometry geometry = OfStrips(rows, width, kMostStripsOfSums);
  geometry.shared_floats = kWarps * kSpan;
  at::Tensor d_product = at::empty_like(product);
  at::Tensor d_bias = at::empty({geometry.strips, width}, bias.options());
  Launch(product.scalar_type(), geometry,
         BiasGeluBackward{.rows = rows,
                          .width = static_cast<int>(width),
                          .product = product.const_data_ptr(),
                          .bias = bias.const_data_ptr<float>(),
                          .d_activated = d_activated.const_data_ptr(),
                          .d_product = d_product.mutable_data_ptr(),
                          .d_bias = d_bias.mutable_data_ptr<float>()},
         product.device());
  return {d_product, d_bias.sum(0)};
}

}  // namespace

at::Tensor BiasGelu(const at::Tensor& given, const at::Tensor& bias) {
  CHECK(given.size(-1) % kVector == 0 && bias.numel() == given.size(-1));
  CHECK(bias.scalar_type() == at::kFloat && bias.is_contiguous());
  return WithGradient(
      "fused GELU", {given, bias},
      [&] {
        const at::Tensor product = given.contiguous();
        return ForwardPass{.outputs = {Activated(product, bias)}, .saved = {product, bias}};
      },
      RunBackward)[0];
}

}  // namespace vitrine::fused::cuda
