// Where the time of a computation goes, by libtorch's own profiler (Kineto).

#ifndef TRAIN_MEASURE_PROFILE_H_
#define TRAIN_MEASURE_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"

namespace vitrine {

struct TimedKernel {
  std::string name;
  int64_t calls = 0;
  double milliseconds = 0;  // of all calls
};

// Runs `compute` and returns what took the device's time, the longest first: on a GPU its kernels
// and copies, on a CPU libtorch's operators, each without the operators that it calls. `compute`
// must end with reading a result, which waits for a GPU.
std::vector<TimedKernel> Profile(at::Device device, absl::FunctionRef<void()> compute);

}  // namespace vitrine

#endif  // TRAIN_MEASURE_PROFILE_H_
