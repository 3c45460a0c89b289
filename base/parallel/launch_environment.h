// Which process of how many this one is, as launchers say it: by environment variables.
//
//   ASSIGN_OR_RETURN(const LaunchEnvironment environment,
//                    ReadLaunchEnvironment(EnvironmentVariables()));
//
// In this order: --processes (spawn.h), torchrun, RANK and WORLD_SIZE (PyTorchJob of Kubernetes and
// others), Open MPI's mpirun, the PMI of MPICH, Hydra and Intel MPI, Slurm's srun. One launcher may
// start another: srun starts torchrun, or the daemons of mpirun.

#ifndef BASE_PARALLEL_LAUNCH_ENVIRONMENT_H_
#define BASE_PARALLEL_LAUNCH_ENVIRONMENT_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace vitrine {

struct LaunchEnvironment {
  std::string launcher;  // as users know it; empty for a process on its own
  int rank = 0, size = 1;
  int local_rank = 0;  // among those of this machine; 0 where the launcher does not say

  bool is_one_machine = false;  // that all ranks are on; false where the launcher does not say

  // Where rank 0 is.
  std::string master_address;
  int master_port = 0;

  // torchrun's: how often it has started the group again, and whether it keeps the store where
  // ranks meet itself.
  int restart_count = 0;
  bool has_agent_store = false;

  // A socket that listens at the port already, on rank 0 of --processes; else -1.
  int listener = -1;
};

using Variables = std::map<std::string, std::string>;

// Those of this process.
Variables EnvironmentVariables();

// A group of one is a process on its own. FailedPrecondition if variables are missing or contradict
// one another. Variables that are empty count as missing.
absl::StatusOr<LaunchEnvironment> ReadLaunchEnvironment(const Variables& variables);

// The variables of one process of --processes, in place of those that any launcher has set.
Variables WithOwnLaunch(Variables variables, const LaunchEnvironment& environment);

}  // namespace vitrine

#endif  // BASE_PARALLEL_LAUNCH_ENVIRONMENT_H_
