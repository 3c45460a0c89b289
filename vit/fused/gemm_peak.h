// What a machine can do at best, to judge a benchmark by.

#ifndef VIT_FUSED_GEMM_PEAK_H_
#define VIT_FUSED_GEMM_PEAK_H_

#include "benchmark/benchmark.h"

namespace vitrine::fused {

// FLOP/s of the best of a few products of 2048 x 2048 x 2048 in float32, by libtorch's operator and
// by ours, on this process's threads; measured at the first call.
double GemmPeak();

// Reports so many FLOP an iteration: "FLOP/s", and "of_peak", their share of GemmPeak().
void CountFlops(double flops, benchmark::State* state);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_GEMM_PEAK_H_
