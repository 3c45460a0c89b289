#include "base/tensors/device.h"

#include <dlfcn.h>

#include <cstdlib>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Context.h"
#include "absl/strings/str_cat.h"
#include "base/programs/processor.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

absl::Status LoadCudaLibrary(const std::filesystem::path& path) {
  // Its static initialisers register the operators and hooks of CUDA; it stays until the end.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("--torch_cuda_library: cannot load it (", dlerror(),
                   "); put its folder and those of its NVIDIA libraries into LD_LIBRARY_PATH"));
}

std::filesystem::path OfEnvironment() {
  const char* library = std::getenv("VITRINE_TORCH_CUDA_LIBRARY");
  return library == nullptr ? "" : library;
}

}  // namespace

absl::StatusOr<at::Device> FindDevice(const std::string& name,
                                      const std::filesystem::path& cuda_library) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name != "auto" && name != "cuda") {
    return absl::InvalidArgumentError(
        absl::StrCat("--device: must be auto, cpu or cuda, not '", name, "'"));
  }
  const std::filesystem::path library = cuda_library.empty() ? OfEnvironment() : cuda_library;
  if (!library.empty()) RETURN_IF_ERROR(LoadCudaLibrary(library));
  if (at::globalContext().hasCUDA()) return at::Device(at::kCUDA, 0);
  if (name == "auto") return at::Device(at::kCPU);
  return absl::FailedPreconditionError(
      "--device=cuda: no GPU that this program can use; that takes NVIDIA's driver and a program "
      "built with --config=cuda, or an installed PyTorch's libtorch_cuda.so named by "
      "--torch_cuda_library");
}

std::string DescribeDevice(at::Device device) {
  if (device.is_cpu()) return absl::StrCat("cpu (", CpuCapability(), ")");
  return device.str();
}

at::Generator SeededGenerator(at::Device device, uint64_t key) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(key);
  at::Generator generator = at::globalContext().defaultGenerator(device);
  generator.set_current_seed(key);
  return generator;
}

}  // namespace vitrine
