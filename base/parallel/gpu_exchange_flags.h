// --gpu_exchange: how processes exchange what their GPUs have computed.

#ifndef BASE_PARALLEL_GPU_EXCHANGE_FLAGS_H_
#define BASE_PARALLEL_GPU_EXCHANGE_FLAGS_H_

#include "absl/status/status.h"
#include "base/parallel/process_group.h"
#include "c10/core/Device.h"

namespace vitrine {

// Has the group exchange sums from GPU to GPU by NCCL where the flag, NCCL and the GPUs allow it,
// and logs whether it does. Every rank calls it, once its device is known.
absl::Status ChooseGpuExchange(ProcessGroup* group, c10::Device device);

}  // namespace vitrine

#endif  // BASE_PARALLEL_GPU_EXCHANGE_FLAGS_H_
