#include "base/tensors/device_flags.h"

#include "base/files/file.h"
#include "base/programs/program.h"
#include "gflags/gflags.h"

DEFINE_string(device, "auto", "auto, cpu or cuda");
DEFINE_string(torch_cuda_library, "",
              "libtorch_cuda.so of an installed PyTorch 2.11.0, for a program built without CUDA");

namespace vitrine {

absl::StatusOr<at::Device> DeviceOfFlags() {
  return AsUsageError(FindDevice(FLAGS_device, UserPath(FLAGS_torch_cuda_library)));
}

}  // namespace vitrine
