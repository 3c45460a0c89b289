#include "vit/fused/cuda/launch.h"

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "c10/core/DeviceGuard.h"
#include "c10/core/impl/VirtualGuardImpl.h"
#include "cuda_runtime_api.h"
#include "glog/logging.h"
#include "vit/fused/cuda/compiled_kernels.h"
#include "vit/fused/cuda/kernels.h"

namespace vitrine::fused::cuda {
namespace {

Emulator emulator = nullptr;

// As nvcc made it, for several kinds of GPU; empty in a program that was built without.
std::string_view Code() { return CompiledKernels()[0].contents; }

absl::Status ToStatus(cudaError_t error) {
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::FailedPreconditionError(cudaGetErrorString(error));
}

// The kernels as the driver holds them, until the program ends.
class Library {
 public:
  static Library& Get() {
    static Library* library = new Library;
    return *library;
  }

  absl::StatusOr<cudaKernel_t> Find(absl::string_view name) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!HasKernels()) {
      return absl::FailedPreconditionError(
          "this program has no kernels for a GPU; build it with --config=cuda, or with "
          "--config=cuda_kernels where --torch_cuda_library lends the rest");
    }
    const absl::MutexLock lock(&mutex_);
    if (library_ == nullptr) {
      RETURN_IF_ERROR(ToStatus(
          cudaLibraryLoadData(&library_, Code().data(), nullptr, nullptr, 0, nullptr, nullptr, 0)));
    }
    cudaKernel_t& kernel = kernels_[name];
    if (kernel == nullptr) {
      RETURN_IF_ERROR(ToStatus(cudaLibraryGetKernel(&kernel, library_, std::string(name).c_str())));
    }
    return kernel;
  }

 private:
  absl::Mutex mutex_;
  cudaLibrary_t library_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::flat_hash_map<std::string, cudaKernel_t> kernels_ ABSL_GUARDED_BY(mutex_);
};

absl::Status LaunchOnGpu(absl::string_view name, const Geometry& geometry, const void* parameters,
                         at::Device device) {
  const c10::DeviceGuard guard(device);
  const c10::impl::VirtualGuardImpl implementation(device.type());
  const c10::Stream stream = implementation.getStream(device);
  ASSIGN_OR_RETURN(const cudaKernel_t kernel, Library::Get().Find(name));
  const dim3 grid(geometry.blocks, geometry.strips), block(kLanes, geometry.warps);
  void* arguments[] = {const_cast<void*>(parameters)};
  return ToStatus(
      cudaLaunchKernel(kernel, grid, block, arguments, geometry.shared_floats * sizeof(float),
                       static_cast<cudaStream_t>(implementation.getStreamNativeHandle(stream))));
}

}  // namespace

bool HasKernels() { return !Code().empty(); }

absl::Status CheckKernels() {
  ASSIGN_OR_RETURN(const cudaKernel_t kernel, Library::Get().Find("FillFactorsFloat"));
  cudaFuncAttributes attributes;
  return Annotate(ToStatus(cudaFuncGetAttributes(&attributes, kernel)),
                  "this GPU cannot run the program's kernels");
}

void SetEmulator(Emulator to) { emulator = to; }

void LaunchKernel(absl::string_view kernel, const Geometry& geometry, const void* parameters,
                  at::Device device) {
  if (device.is_cpu()) {
    CHECK(emulator != nullptr) << kernel << " runs on a GPU only";
    emulator(kernel, geometry, parameters);
    return;
  }
  const absl::Status launched = LaunchOnGpu(kernel, geometry, parameters, device);
  CHECK(launched.ok()) << kernel << ": " << launched.message();
}

}  // namespace vitrine::fused::cuda
