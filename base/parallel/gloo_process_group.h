// Processes that are connected by Gloo, libtorch's engine for CPUs, over TCP.

#ifndef BASE_PARALLEL_GLOO_PROCESS_GROUP_H_
#define BASE_PARALLEL_GLOO_PROCESS_GROUP_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/parallel/launch.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// Waits for all processes to come. Whoever does not answer for `timeout`, then or later, is an
// error of the others, as is who ends. The network's interface is that of the host's name, or of
// GLOO_SOCKET_IFNAME.
absl::StatusOr<std::unique_ptr<ProcessGroup>> ConnectByGloo(const Launch& launch,
                                                            absl::Duration timeout);

}  // namespace vitrine

#endif  // BASE_PARALLEL_GLOO_PROCESS_GROUP_H_
