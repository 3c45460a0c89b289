// --processes=N: the running program as N processes of this machine, without a launcher.
//
//   if (environment.size == 1 && FLAGS_processes > 1) return RunAsRanks(FLAGS_processes);
//
// Each is this program with the same arguments, and finds in its environment which rank it is
// (launch_environment.h). They meet at a port that is free, on this machine alone.

#ifndef BASE_PARALLEL_SPAWN_H_
#define BASE_PARALLEL_SPAWN_H_

#include <chrono>

#include "absl/status/status.h"

namespace vitrine {

// How long the others may go on once a rank has failed, until they are asked to end (SIGTERM), and
// from then on until they are killed.
struct Patience {
  std::chrono::milliseconds to_end{5'000}, to_obey{10'000};
};

// Returns once all have ended: OK if every exit status is 0, and else an error with that of the
// rank that failed by itself, 128 + n if signal n ended it, which RunProgram ends with.
//
// Only rank 0 writes to the standard output. What the others write to stderr appears with "[rank
// R]" before each line, but for glog's lines of information. SIGINT, SIGTERM, SIGHUP and SIGUSR1
// are passed on; if this process ends, they are killed. Call it on the main thread, after what can
// be checked without them: every rank would print the same mistake.
absl::Status RunAsRanks(int size, Patience patience = {});

}  // namespace vitrine

#endif  // BASE_PARALLEL_SPAWN_H_
