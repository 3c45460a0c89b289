// --device and --torch_cuda_library, the same in every program that computes; `--help` shows them.
//
//   ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());

#ifndef BASE_TENSORS_DEVICE_FLAGS_H_
#define BASE_TENSORS_DEVICE_FLAGS_H_

#include "absl/status/statusor.h"
#include "base/tensors/device.h"

namespace vitrine {

// What FindDevice finds; its errors are mistakes in the flags (UsageError).
absl::StatusOr<at::Device> DeviceOfFlags();

}  // namespace vitrine

#endif  // BASE_TENSORS_DEVICE_FLAGS_H_
