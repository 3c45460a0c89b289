// Runs the kernels on a CPU, so that a test of what they compute needs no GPU: a thread for each of
// a block's, the blocks one after the other, and barriers where a GPU has them.
//
//   for (const at::Device device : EmulateKernels()) AddNorm(x.to(device), ...);
//
// Shared memory begins as NaN. ThreadSanitizer sees the accesses that a barrier should part.

#ifndef VIT_FUSED_CUDA_EMULATION_H_
#define VIT_FUSED_CUDA_EMULATION_H_

#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine::fused::cuda {

// From now on, kernels of tensors on the CPU run this way. Returns where kernels run: there, and on
// a GPU if this program can use one and has its kernels.
std::vector<at::Device> EmulateKernels();

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_EMULATION_H_
