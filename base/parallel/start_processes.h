// Several processes of this program on this machine, without any launcher.

#ifndef BASE_PARALLEL_START_PROCESSES_H_
#define BASE_PARALLEL_START_PROCESSES_H_

#include "absl/status/status.h"

namespace vitrine {

// Starts so many processes of this program with its own arguments, each with the variables that
// LaunchOf reads, and waits for their end. Rank 0 listens on a free port of 127.0.0.1. Only rank 0
// shows its standard output. A signal that an InterruptionGuard notes is passed on to all, as is
// SIGUSR1. Once one has failed the others get SIGTERM and some seconds to end, and are then killed.
// The error is that of the first that failed, with its exit status. None outlives this process.
absl::Status StartProcesses(int count);

}  // namespace vitrine

#endif  // BASE_PARALLEL_START_PROCESSES_H_
