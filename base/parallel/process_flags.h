// --processes, in every program that several processes can share; `--help` shows it.
//
//   if (StartsProcesses()) return RunProcesses();
//   ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, JoinProcesses(arguments));

#ifndef BASE_PARALLEL_PROCESS_FLAGS_H_
#define BASE_PARALLEL_PROCESS_FLAGS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// Whether this process is only to start others.
bool StartsProcesses();

// Starts --processes of this program and waits for their end.
absl::Status RunProcesses();

// Connects this process with the others that a launcher has started, and says so; a group of one
// where there is no launcher. Refused are those of another program, on a processor of other
// instructions, or with other flags or `arguments`, but for flags that say where a machine has its
// data. From then on processes other than rank 0 print nothing but errors,
// and each sees one GPU: call it before asking for a device.
absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcesses(
    const std::vector<std::string>& arguments);

}  // namespace vitrine

#endif  // BASE_PARALLEL_PROCESS_FLAGS_H_
