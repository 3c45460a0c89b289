// The functions of NVIDIA's NCCL that are called here. The library is that of the PyTorch whose
// libtorch_cuda.so the process has opened; this program needs neither it nor its header.

#ifndef BASE_PARALLEL_NCCL_H_
#define BASE_PARALLEL_NCCL_H_

#include <cstddef>

#include "absl/status/statusor.h"

namespace vitrine {

struct NcclUniqueId {
  char bytes[128];
};

// As nccl.h declares them since version 2.7. Results are 0 for success; streams are CUDA's.
struct Nccl {
  using Communicator = void*;
  static constexpr int kByte = 1;        // ncclUint8
  static constexpr int kInProgress = 7;  // ncclInProgress

  const char* (*GetErrorString)(int result);
  int (*GetUniqueId)(NcclUniqueId* id);
  int (*CommInitRank)(Communicator* made, int size, NcclUniqueId id, int rank);
  int (*CommGetAsyncError)(Communicator communicator, int* result);
  int (*CommDestroy)(Communicator communicator);
  int (*CommAbort)(Communicator communicator);
  int (*GroupStart)();
  int (*GroupEnd)();
  int (*Send)(const void* data, size_t count, int type, int peer, Communicator communicator,
              void* stream);
  int (*Recv)(void* data, size_t count, int type, int peer, Communicator communicator,
              void* stream);
};

// Stays open until the end.
absl::StatusOr<Nccl> OpenNccl(const char* library = "libnccl.so.2");

}  // namespace vitrine

#endif  // BASE_PARALLEL_NCCL_H_
