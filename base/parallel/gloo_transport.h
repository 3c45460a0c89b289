// The ranks of a group meet at rank 0 and exchange bytes over TCP, by Gloo, which libtorch
// contains.
//
// Gloo uses the network interface that GLOO_SOCKET_IFNAME names; without it the loopback interface
// if all ranks are on one machine, and else that of the host name's address.

#ifndef BASE_PARALLEL_GLOO_TRANSPORT_H_
#define BASE_PARALLEL_GLOO_TRANSPORT_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/transport.h"

namespace vitrine {

// Returns once all ranks have come. A rank that does not come, or does not answer later, is an
// error after the timeout; finding that nobody is there to meet at may take twice as long.
absl::StatusOr<std::unique_ptr<Transport>> ConnectByGloo(const LaunchEnvironment& environment,
                                                         std::chrono::milliseconds timeout);

// What it uses, for people.
std::string GlooInterface(const LaunchEnvironment& environment);

}  // namespace vitrine

#endif  // BASE_PARALLEL_GLOO_TRANSPORT_H_
