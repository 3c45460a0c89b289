// Work of a device that is recorded once and done again without the host's part of it: on a GPU, a
// CUDA graph.

#ifndef BASE_CUDA_GRAPH_RECORDER_H_
#define BASE_CUDA_GRAPH_RECORDER_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"

namespace vitrine {

class Recording {
 public:
  virtual ~Recording() = default;

  // Does the work once more, on the same memory. Does not wait for the device.
  virtual void Replay() = 0;
};

// Records what `work` has the device do; the device does nothing yet. The work must not wait for
// the device, and every tensor that it reads or changes stays where it is.
using Recorder =
    std::function<absl::StatusOr<std::unique_ptr<Recording>>(std::function<void()> work)>;

// For a GPU; null for a CPU, which has nothing to gain. A program that was built without
// --config=cuda_kernels says so when it is to record.
Recorder RecorderOf(at::Device device);

// In place of one for a GPU, for tests: a replay calls `work` again.
Recorder CallingRecorder();

}  // namespace vitrine

#endif  // BASE_CUDA_GRAPH_RECORDER_H_
