// A bias and the exact GELU (Hendrycks and Gimpel, arXiv 1606.08415) after a product; kernels.h has
// the parameters.

#ifndef VIT_FUSED_CUDA_BIAS_GELU_KERNELS_H_
#define VIT_FUSED_CUDA_BIAS_GELU_KERNELS_H_

#include "vit/fused/cuda/device.h"

namespace vitrine::fused::cuda {

// The normal distribution's share below x.
__device__ inline float NormalBelow(float x) { return 0.5F * (1 + erff(x * 0.70710678F)); }

__device__ inline float Gelu(float x) { return x * NormalBelow(x); }

__device__ inline float GeluSlope(float x) {
  return NormalBelow(x) + x * expf(-0.5F * x * x) * 0.39894228F;
}

// Calls f(index of the first element) for each row of this thread's strip, at its column.
template <typename F>
__device__ void ForEachElementOfStrip(int64_t rows, int width, int column, const F& f) {
  const int64_t apart = static_cast<int64_t>(gridDim.y) * blockDim.y;
  const int64_t first = static_cast<int64_t>(blockIdx.y) * blockDim.y + threadIdx.y;
  for (int64_t row = first; row < rows; row += apart) f(row * width + column);
}

__device__ inline int StripColumn() { return kSpan * blockIdx.x + kVector * threadIdx.x; }

template <typename T>
__device__ void RunBiasGeluForward(const BiasGeluForward& p) {
  const int column = StripColumn();
  if (column >= p.width) return;
  const Vector bias = Load<float>(p.bias, column);
  ForEachElementOfStrip(p.rows, p.width, column, [&](int64_t index) {
    const Vector v = Load<T>(p.product, index);
    const auto activated = [&](int i) { return Gelu(v.values[i] + bias.values[i]); };
    Store<T>(MakeVector(activated), p.activated, index);
  });
}

// Writes the gradient of the product; returns the sum of its rows in this thread.
template <typename T>
__device__ Vector GradientsOfStrip(const BiasGeluBackward& p, int column) {
  const Vector bias = Load<float>(p.bias, column);
  Vector total{};
  ForEachElementOfStrip(p.rows, p.width, column, [&](int64_t index) {
    const Vector v = Load<T>(p.product, index), d = Load<T>(p.d_activated, index);
    const Vector d_product =
        MakeVector([&](int i) { return d.values[i] * GeluSlope(v.values[i] + bias.values[i]); });
    Store<T>(d_product, p.d_product, index);
    for (int i = 0; i < kVector; ++i) total.values[i] += d_product.values[i];
  });
  return total;
}

template <typename T>
__device__ void RunBiasGeluBackward(const BiasGeluBackward& p) {
  const int column = StripColumn();
  float* shared = VITRINE_SHARED_MEMORY;  // [warps, kSpan]
  if (column < p.width) {
    Store<float>(GradientsOfStrip<T>(p, column), shared,
                 kSpan * threadIdx.y + kVector * threadIdx.x);
  }
  __syncthreads();
  if (column >= p.width || threadIdx.y != 0) return;
  Vector total{};
  for (int warp = 0; warp < static_cast<int>(blockDim.y); ++warp) {
    const Vector v = Load<float>(shared, kSpan * warp + kVector * threadIdx.x);
    for (int i = 0; i < kVector; ++i) total.values[i] += v.values[i];
  }
  Store<float>(total, p.d_bias, static_cast<int64_t>(blockIdx.y) * p.width + column);
}

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_BIAS_GELU_KERNELS_H_
