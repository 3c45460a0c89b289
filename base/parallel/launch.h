// Which of how many processes this one is, from what launchers put into the environment.
//
//   ASSIGN_OR_RETURN(const Launch launch, LaunchOf(std::getenv));

#ifndef BASE_PARALLEL_LAUNCH_H_
#define BASE_PARALLEL_LAUNCH_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace vitrine {

struct Launch {
  std::string launcher;  // by what it is known; empty: none, this process is alone
  int rank = 0, size = 1;
  int local_rank = 0;                 // among those of this machine
  std::string address = "127.0.0.1";  // at which rank 0 is found
  int port = 29500;
  bool has_store = false;     // the launcher keeps the store there, and not rank 0
  int listening_socket = -1;  // a file descriptor that rank 0 was given for it, bound to the port
  int restarts = 0;           // by the launcher, so far
};

// Understands torchrun and Kubernetes' PyTorchJob (RANK, WORLD_SIZE), Open MPI, MPICH and its
// descendants (PMI_RANK), Slurm's srun, and StartProcesses. InvalidArgument where variables are
// missing or contradict each other.
absl::StatusOr<Launch> LaunchOf(absl::FunctionRef<const char*(const char*)> environment);

}  // namespace vitrine

#endif  // BASE_PARALLEL_LAUNCH_H_
