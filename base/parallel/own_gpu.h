// Which of a machine's GPUs is a process's own. It sees that one alone, as cuda:0, so that no other
// code knows of several.

#ifndef BASE_PARALLEL_OWN_GPU_H_
#define BASE_PARALLEL_OWN_GPU_H_

#include <string>

#include "base/parallel/launch_environment.h"

namespace vitrine {

// CUDA_VISIBLE_DEVICES for the local_rank-th process of a machine, given the variables of all and
// how many GPUs the machine has: the process's own of those that they may see, in turn where there
// are more processes. Empty where there is none.
std::string OwnGpu(int local_rank, const Variables& variables, int gpus);

// Hides the machine's other GPUs from this process, if it is one of several. Call it before
// anything asks for a device.
void SeeOwnGpuOnly(const LaunchEnvironment& environment);

}  // namespace vitrine

#endif  // BASE_PARALLEL_OWN_GPU_H_
