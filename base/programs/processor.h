// The processor that this program runs on.

#ifndef BASE_PROGRAMS_PROCESSOR_H_
#define BASE_PROGRAMS_PROCESSOR_H_

#include <string>

namespace vitrine {

// Whether libtorch's kernels, and so ours, may use AVX-512.
bool HasAvx512();

// Whether there are instructions for products of bfloat16.
bool HasBfloat16();

// What decides how sums are rounded: the instructions that libtorch's kernels were chosen for,
// whether products of bfloat16 have their own, and what the environment tells libtorch, oneDNN
// and MKL to choose; "AVX2" or "AVX512, bfloat16, ONEDNN_MAX_CPU_ISA=AVX2".
std::string CpuCapability();

}  // namespace vitrine

#endif  // BASE_PROGRAMS_PROCESSOR_H_
