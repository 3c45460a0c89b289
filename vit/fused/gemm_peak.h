// What a machine can do at best, to judge a benchmark by.

#ifndef VIT_FUSED_GEMM_PEAK_H_
#define VIT_FUSED_GEMM_PEAK_H_

#include "ATen/core/Tensor.h"
#include "benchmark/benchmark.h"

namespace vitrine::fused {

// FLOP/s of the best of a few products of 2048 x 2048 x 2048 of float32 or bfloat16, by libtorch's
// operator and by ours, on this process's threads; measured at the first call for each type.
double GemmPeak(at::ScalarType operands);

// Reports so many FLOP an iteration: "FLOP/s", and "of_peak", their share of the peak.
void CountFlops(double flops, double peak, benchmark::State* state);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_GEMM_PEAK_H_
