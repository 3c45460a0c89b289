// The group that this process was started in.
//
//   ASSIGN_OR_RETURN(const LaunchEnvironment environment,
//                    ReadLaunchEnvironment(EnvironmentVariables()));
//   ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, Connect(environment));

#ifndef BASE_PARALLEL_CONNECT_H_
#define BASE_PARALLEL_CONNECT_H_

#include <chrono>
#include <memory>

#include "absl/status/statusor.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/process_group.h"

namespace vitrine {

constexpr std::chrono::minutes kDefaultTimeout{5};

// Returns once all ranks are there; rank 0 of several logs what the group is. A rank that leaves
// another waiting for longer than `timeout` counts as stopped, also if it only computes.
absl::StatusOr<std::unique_ptr<ProcessGroup>> Connect(
    const LaunchEnvironment& environment, std::chrono::milliseconds timeout = kDefaultTimeout);

}  // namespace vitrine

#endif  // BASE_PARALLEL_CONNECT_H_
