// What the kernels compute, and the numbers that host and GPU must agree on. Each takes one plain
// struct of parameters by value. T is the type of the products' operands: float, Half or BFloat16;
// sums are of float. Rows are of `width` elements, a multiple of 4, one after the other.

#ifndef VIT_FUSED_CUDA_KERNELS_H_
#define VIT_FUSED_CUDA_KERNELS_H_

#include <cstdint>

#include "vit/dropout/dropout_factors.h"

namespace vitrine::fused::cuda {

constexpr int kLanes = 32;               // threads of a warp
constexpr int kVector = 4;               // elements that a thread loads at once
constexpr int kSpan = kLanes * kVector;  // elements that a warp loads at once

// Floats of shared memory that every GPU has for a block unasked, and the widest row that fits.
constexpr int kSharedFloats = 12 * 1024;
constexpr int kMostWidth = kSharedFloats / 2;

// sum = x + branch * factors, and normed = LayerNorm(sum). A warp takes a row at a time, whichever
// the grid.
struct AddNormForward {
  static constexpr char kName[] = "AddNormForward";

  int64_t rows;
  int width;
  const float* x;
  const void* branch = nullptr;  // T; where null, x is what is normalised
  DropoutFactors factors = {};
  float* sum = nullptr;  // where there is a branch
  // [width]; where null, nothing is normalised, and nothing below is there
  const float *weight = nullptr, *bias = nullptr;
  float epsilon = 0;
  void* normed = nullptr;                  // T
  float *mean = nullptr, *rstd = nullptr;  // [rows]
};

// The gradients, of which each block adds those of its rows for weight and bias. Shared memory: two
// rows of floats for each warp, where something is normalised.
struct AddNormBackward {
  static constexpr char kName[] = "AddNormBackward";

  int64_t rows;
  int width;
  const float* d_sum = nullptr;  // of the sum from elsewhere, or null
  void* d_branch = nullptr;      // T, or null
  DropoutFactors factors = {};
  const void* d_normed = nullptr;  // T; where null, nothing below is there
  // What was normalised, by what, and its mean and 1 / deviation.
  const float *sum = nullptr, *weight = nullptr, *mean = nullptr, *rstd = nullptr;
  float* d_x = nullptr;     // of x and of the sum
  float* d_norm = nullptr;  // of weight and bias, [blocks, 2, width]
};

// activated = GELU(product + bias), the exact one. A block takes kSpan columns, blockIdx.x, of a
// strip of the rows.
struct BiasGeluForward {
  static constexpr char kName[] = "BiasGeluForward";

  int64_t rows;
  int width;
  const void* product;  // T
  const float* bias;    // [width]
  void* activated;      // T
};

// Its gradients, of which each strip adds those of its rows for the bias. Shared memory: kSpan
// floats for each warp.
struct BiasGeluBackward {
  static constexpr char kName[] = "BiasGeluBackward";

  int64_t rows;
  int width;
  const void* product;      // T
  const float* bias;        // [width]
  const void* d_activated;  // T
  void* d_product;          // T
  float* d_bias;            // [strips, width]
};

// The factors themselves, whichever the grid; of float alone.
struct FillFactors {
  static constexpr char kName[] = "FillFactors";

  int64_t size;
  DropoutFactors factors;
  float* to;  // [size]
};

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_KERNELS_H_
