// Exchanges by NCCL: bytes go from GPU to GPU, without the CPU.

#ifndef BASE_PARALLEL_NCCL_TRANSPORT_H_
#define BASE_PARALLEL_NCCL_TRANSPORT_H_

#include <chrono>
#include <memory>

#include "absl/status/statusor.h"
#include "base/parallel/nccl.h"
#include "base/parallel/process_group.h"
#include "base/parallel/transport.h"

namespace vitrine {

// Between the ranks of the group, each on a GPU of its own, for tensors of that GPU on the calling
// thread's current stream. Every rank calls it, and its Exchange from one thread at a time.
absl::StatusOr<std::unique_ptr<Transport>> ConnectByNccl(const Nccl& nccl, ProcessGroup& group,
                                                         std::chrono::milliseconds timeout);

}  // namespace vitrine

#endif  // BASE_PARALLEL_NCCL_TRANSPORT_H_
