// Runs the kernels on a CPU, so that a test of what they compute needs no GPU: a thread for each of
// a block's, the blocks one after the other, and barriers where a GPU has them.
//
//   EmulateKernels();
//   AddNorm(x, ...);     // of tensors on the CPU
//
// Shared memory begins as NaN. ThreadSanitizer sees the accesses that a barrier should part.

#ifndef VIT_FUSED_CUDA_EMULATION_H_
#define VIT_FUSED_CUDA_EMULATION_H_

namespace vitrine::fused::cuda {

// From now on, kernels of tensors on the CPU run this way.
void EmulateKernels();

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_EMULATION_H_
