// What the kernels are written in: sums over a warp, four elements at a time, shared memory.
// Compiled by nvcc for a GPU, and by any compiler after emulation.h for tests without one.

#ifndef VIT_FUSED_CUDA_DEVICE_H_
#define VIT_FUSED_CUDA_DEVICE_H_

#include <cstdint>

#include "vit/dropout/dropout_factors.h"
#include "vit/fused/cuda/kernels.h"

#ifdef __CUDACC__
extern __shared__ __align__(16) float vitrine_shared_memory[];
#define VITRINE_SHARED_MEMORY vitrine_shared_memory

// Defines the kernel of a name that takes such parameters and runs the function.
#define VITRINE_KERNEL(name, Parameters, function) \
  extern "C" __global__ void name(const Parameters parameters) { function(parameters); }
#endif

namespace vitrine::fused::cuda {

// The sum of each lane's number, on all lanes. All must take part. In the order of a butterfly, so
// that it is the same each time.
__device__ inline float WarpSum(float x) {
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(0xFFFFFFFF, x, distance);
  }
  return x;
}

// kVector elements, computed with as floats.
struct Vector {
  float values[kVector];

  __device__ float Sum() const { return (values[0] + values[1]) + (values[2] + values[3]); }
};

// f(i) for each element.
template <typename F>
__device__ Vector MakeVector(const F& f) {
  Vector v;
  for (int i = 0; i < kVector; ++i) v.values[i] = f(i);
  return v;
}

template <typename T>
struct alignas(kVector * sizeof(T)) Packed {
  T values[kVector];
};

// The elements from `index`, a multiple of kVector, in one access of memory.
template <typename T>
__device__ Vector Load(const void* from, int64_t index) {
  const auto packed = *reinterpret_cast<const Packed<T>*>(static_cast<const T*>(from) + index);
  return MakeVector([&](int i) { return static_cast<float>(packed.values[i]); });
}

template <typename T>
__device__ void Store(const Vector& v, void* to, int64_t index) {
  Packed<T> packed;
  for (int i = 0; i < kVector; ++i) packed.values[i] = static_cast<T>(v.values[i]);
  *reinterpret_cast<Packed<T>*>(static_cast<T*>(to) + index) = packed;
}

// Adds to the floats from `index`.
__device__ inline void Accumulate(const Vector& v, float* to, int64_t index) {
  const Vector before = Load<float>(to, index);
  Store<float>(MakeVector([&](int i) { return before.values[i] + v.values[i]; }), to, index);
}

// v times the factors of the elements from `index`.
__device__ inline Vector Drop(const Vector& v, const DropoutFactors& factors, int64_t index) {
  if (!factors.drop()) return v;
  Vector factor;
  for (int i = 0; i < kVector; i += 2) factors.Pair(index + i, factor.values + i);
  return MakeVector([&](int i) { return v.values[i] * factor.values[i]; });
}

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_DEVICE_H_
