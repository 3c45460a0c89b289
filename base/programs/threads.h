// The threads that libtorch and our own kernels compute with.
//
//   RETURN_IF_ERROR(SetThreads(DefaultThreads()));

#ifndef BASE_PROGRAMS_THREADS_H_
#define BASE_PROGRAMS_THREADS_H_

#include "absl/status/status.h"

namespace vitrine {

// As many as this process may use: its share of the machine (processor_count.h), and no more than
// OMP_THREAD_LIMIT.
int DefaultThreads();

// So many threads for what the calling thread computes, from now on and always: sums are rounded in
// another order with another number, and oneDNN's products are wrong with fewer threads than they
// were planned for. FailedPrecondition, with the variable of the environment to mend, if there are
// fewer to be had.
absl::Status SetThreads(int count);

}  // namespace vitrine

#endif  // BASE_PROGRAMS_THREADS_H_
