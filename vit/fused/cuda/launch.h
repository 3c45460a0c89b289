// Launches the kernels of kernels.h.
//
//   Launch(at::kFloat, {.blocks = 128, .warps = 4}, FillFactors{...}, tensor.device());

#ifndef VIT_FUSED_CUDA_LAUNCH_H_
#define VIT_FUSED_CUDA_LAUNCH_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace vitrine::fused::cuda {

struct Geometry {
  int64_t blocks = 1;         // gridDim.x
  int64_t strips = 1;         // gridDim.y
  int warps = 1;              // of each block: blockDim.y
  int64_t shared_floats = 0;  // of each block
};

// Whether this program was built with them.
bool HasKernels();

// An error where it was not, or the current GPU cannot run them.
absl::Status CheckKernels();

// In place of a GPU for tensors of the CPU, for tests (emulation.h).
using Emulator = void (*)(absl::string_view kernel, const Geometry& geometry,
                          const void* parameters);
void SetEmulator(Emulator emulator);

// Of parameters in the form that the kernel of the name has; on the device's current stream.
void LaunchKernel(absl::string_view kernel, const Geometry& geometry, const void* parameters,
                  at::Device device);

// The kernel that takes Parameters, for operands of the type.
template <typename Parameters>
void Launch(at::ScalarType operands, const Geometry& geometry, const Parameters& parameters,
            at::Device device) {
  LaunchKernel(absl::StrCat(Parameters::kName, at::toString(operands)), geometry, &parameters,
               device);
}

}  // namespace vitrine::fused::cuda

#endif  // VIT_FUSED_CUDA_LAUNCH_H_
