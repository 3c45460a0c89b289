// Where tensors are computed: the processor, or one GPU.
//
//   ASSIGN_OR_RETURN(const at::Device device, FindDevice("auto", /*cuda_library=*/""));
//   const at::Generator generator = SeededGenerator(device, StreamKey(seed, "dropout", iteration));

#ifndef BASE_TENSORS_DEVICE_H_
#define BASE_TENSORS_DEVICE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "ATen/core/Generator.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"

namespace vitrine {

// "cpu", "cuda", or "auto": a GPU if this program can use one. A program that was built without
// `--config=cuda` can when `cuda_library` is the libtorch_cuda.so of an installed PyTorch of
// libtorch's version, which is then loaded; empty means that of the environment variable
// VITRINE_TORCH_CUDA_LIBRARY, and none where that is not set. Errors name the flag to mend:
//   InvalidArgument     another name
//   FailedPrecondition  a GPU was asked for, and the program or the machine has none
absl::StatusOr<at::Device> FindDevice(const std::string& name,
                                      const std::filesystem::path& cuda_library);

// For people: "cpu (AVX512, bfloat16)" or "cuda:0".
std::string DescribeDevice(at::Device device);

// A generator whose draws follow from the key. On a GPU it is libtorch's own one there, set anew.
at::Generator SeededGenerator(at::Device device, uint64_t key);

}  // namespace vitrine

#endif  // BASE_TENSORS_DEVICE_H_
