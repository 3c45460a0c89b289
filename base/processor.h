// The processor that this program runs on.

#ifndef BASE_PROCESSOR_H_
#define BASE_PROCESSOR_H_

#include <string>

namespace vitrine {

// Processors that this process may use, at least 1.
int ProcessorCount();

// Whether there are instructions for products of bfloat16.
bool HasBfloat16();

// What decides how sums are rounded: the instructions that libtorch's kernels were chosen for, and
// whether products of bfloat16 have their own; "AVX2" or "AVX512, bfloat16".
std::string CpuCapability();

}  // namespace vitrine

#endif  // BASE_PROCESSOR_H_
