// How many processors this process may use: not those of the machine, of which a scheduler or a
// container gives it a part.

#ifndef BASE_PROGRAMS_PROCESSOR_COUNT_H_
#define BASE_PROGRAMS_PROCESSOR_COUNT_H_

#include <filesystem>

namespace vitrine {

// The processors that the calling thread may run on (taskset, Slurm), or those whose time its
// control group may use (docker --cpus, Kubernetes), if that is fewer; at least 1.
int ProcessorCount();

// Processors whose time a quota of the process's control group, or of one around it, allows:
// rounded down, at least 1, and the largest int where there is none. Both versions of control
// groups are read; `root` is what stands for "/".
int CpuQuota(const std::filesystem::path& root = "/");

}  // namespace vitrine

#endif  // BASE_PROGRAMS_PROCESSOR_COUNT_H_
