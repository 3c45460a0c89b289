// For tests and benchmarks: ranks that are threads of one process, connected as processes of one
// machine are.
//
//   const std::vector<absl::Status> statuses = OnLoopback(
//       4, timeout, [](ProcessGroup& group) { return group.Barrier(); });

#ifndef BASE_PARALLEL_LOOPBACK_RANKS_H_
#define BASE_PARALLEL_LOOPBACK_RANKS_H_

#include <chrono>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// As --processes has it; the listener is rank 0's, if there is one.
LaunchEnvironment LoopbackPlace(int rank, int size, int port, int listener = -1);

// What `body` returns on each of the ranks, or why it could not connect.
std::vector<absl::Status> OnLoopback(int size, std::chrono::milliseconds timeout,
                                     const std::function<absl::Status(ProcessGroup& group)>& body);

}  // namespace vitrine

#endif  // BASE_PARALLEL_LOOPBACK_RANKS_H_
