// Dropout of a branch, its sum with the residual stream and LayerNorm of that, in one pass over
// memory; kernels.h has the parameters. A warp reads a row as often as the sums need it, which
// after the first time lies in the cache.

#ifndef VIT_FUSED_CUDA_ADD_NORM_KERNELS_H_
#define VIT_FUSED_CUDA_ADD_NORM_KERNELS_H_

#include "vit/fused/cuda/device.h"

namespace vitrine::fused::cuda {

// Calls f(column) for each column of a row at which this lane loads.
template <typename F>
__device__ void ForEachColumn(int width, const F& f) {
  for (int column = kVector * threadIdx.x; column < width; column += kSpan) f(column);
}

// Calls f(row) for each row of this warp.
template <typename F>
__device__ void ForEachRow(int64_t rows, const F& f) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.y;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  for (int64_t row = first; row < rows; row += warps) f(row);
}

// Writes the sum; returns that of this lane's elements.
template <typename T>
__device__ float AddRow(const AddNormForward& p, int64_t begin) {
  float total = 0;
  ForEachColumn(p.width, [&](int column) {
    Vector v = Load<float>(p.x, begin + column);
    if (p.branch != nullptr) {
      const Vector added = Drop(Load<T>(p.branch, begin + column), p.factors, begin + column);
      v = MakeVector([&](int i) { return v.values[i] + added.values[i]; });
      Store<float>(v, p.sum, begin + column);
    }
    total += v.Sum();
  });
  return total;
}

// Of what lies in memory, where each lane reads what it wrote itself. `total` is this lane's.
template <typename T>
__device__ void NormRow(const AddNormForward& p, int64_t row, float total) {
  const float* from = (p.branch != nullptr ? p.sum : p.x) + row * p.width;
  const float mean = WarpSum(total) / p.width;
  float squares = 0;
  ForEachColumn(p.width, [&](int column) {
    const Vector v = Load<float>(from, column);
    squares += MakeVector([&](int i) { return (v.values[i] - mean) * (v.values[i] - mean); }).Sum();
  });
  const float rstd = 1 / sqrtf(WarpSum(squares) / p.width + p.epsilon);
  ForEachColumn(p.width, [&](int column) {
    const Vector v = Load<float>(from, column), weight = Load<float>(p.weight, column),
                 bias = Load<float>(p.bias, column);
    const Vector normed = MakeVector(
        [&](int i) { return (v.values[i] - mean) * rstd * weight.values[i] + bias.values[i]; });
    Store<T>(normed, p.normed, row * p.width + column);
  });
  if (threadIdx.x == 0) {
    p.mean[row] = mean;
    p.rstd[row] = rstd;
  }
}

template <typename T>
__device__ void RunAddNormForward(const AddNormForward& p) {
  ForEachRow(p.rows, [&](int64_t row) {
    const float total = AddRow<T>(p, row * p.width);
    if (p.weight != nullptr) NormRow<T>(p, row, total);
  });
}

// The gradient of the sum in a vector of elements: what comes through LayerNorm, by its means over
// the row, and what comes from elsewhere.
class SumGradient {
 public:
  // Adds the row's gradients of weight and bias to this warp's, [2, width].
  template <typename T>
  __device__ static SumGradient OfRow(const AddNormBackward& p, int64_t row, float* d_norm) {
    SumGradient g;
    g.mean_ = p.mean[row];
    g.rstd_ = p.rstd[row];
    float total = 0, scaled_total = 0;
    ForEachColumn(p.width, [&](int column) {
      const Vector d = Load<T>(p.d_normed, row * p.width + column),
                   x = g.Standardised(p, row, column), weight = Load<float>(p.weight, column);
      const Vector d_weight = MakeVector([&](int i) { return d.values[i] * x.values[i]; });
      Accumulate(d_weight, d_norm, column);
      Accumulate(d, d_norm, p.width + column);
      for (int i = 0; i < kVector; ++i) {
        total += d.values[i] * weight.values[i];
        scaled_total += d_weight.values[i] * weight.values[i];
      }
    });
    g.first_ = WarpSum(total) / p.width;
    g.second_ = WarpSum(scaled_total) / p.width;
    return g;
  }

  template <typename T>
  __device__ Vector At(const AddNormBackward& p, int64_t row, int column) const {
    const Vector d = Load<T>(p.d_normed, row * p.width + column), x = Standardised(p, row, column),
                 weight = Load<float>(p.weight, column);
    return MakeVector([&](int i) {
      return rstd_ * (d.values[i] * weight.values[i] - first_ - x.values[i] * second_);
    });
  }

 private:
  __device__ Vector Standardised(const AddNormBackward& p, int64_t row, int column) const {
    const Vector v = Load<float>(p.sum, row * p.width + column);
    return MakeVector([&](int i) { return (v.values[i] - mean_) * rstd_; });
  }

  float mean_, rstd_;
  float first_, second_;  // means of the gradient of what is scaled, plain and times that
};

// Adds up what the warps of the block have in shared memory, [warps, 2, width].
__device__ inline void AddWarps(const AddNormBackward& p, const float* shared) {
  __syncthreads();
  const int size = 2 * p.width, threads = blockDim.x * blockDim.y;
  for (int i = threadIdx.y * blockDim.x + threadIdx.x; i < size; i += threads) {
    float total = 0;
    for (int warp = 0; warp < static_cast<int>(blockDim.y); ++warp) {
      total += shared[warp * size + i];
    }
    p.d_norm[static_cast<int64_t>(blockIdx.x) * size + i] = total;
  }
}

// Writes the gradients of a row, `through` being a function of the column.
template <typename T, typename F>
__device__ void WriteRow(const AddNormBackward& p, int64_t row, const F& through) {
  ForEachColumn(p.width, [&](int column) {
    const int64_t index = row * p.width + column;
    Vector d = through(column);
    if (p.d_sum != nullptr) {
      const Vector direct = Load<float>(p.d_sum, index);
      d = MakeVector([&](int i) { return d.values[i] + direct.values[i]; });
    }
    if (p.d_x != nullptr) Store<float>(d, p.d_x, index);
    if (p.d_branch != nullptr) Store<T>(Drop(d, p.factors, index), p.d_branch, index);
  });
}

template <typename T>
__device__ void RunAddNormBackward(const AddNormBackward& p) {
  if (p.d_normed == nullptr) {
    ForEachRow(p.rows, [&](int64_t row) { WriteRow<T>(p, row, [](int) { return Vector{}; }); });
    return;
  }
  float* shared = VITRINE_SHARED_MEMORY;
  float* d_norm = shared + 2 * p.width * threadIdx.y;
  // Each lane has columns of its own, in rows of its warp's own.
  ForEachColumn(p.width, [&](int column) {
    Store<float>(Vector{}, d_norm, column);
    Store<float>(Vector{}, d_norm, p.width + column);
  });
  ForEachRow(p.rows, [&](int64_t row) {
    const SumGradient gradient = SumGradient::OfRow<T>(p, row, d_norm);
    WriteRow<T>(p, row, [&](int column) { return gradient.At<T>(p, row, column); });
  });
  AddWarps(p, shared);
}

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_ADD_NORM_KERNELS_H_
