// The threads that a program lends to the library: of one number in the whole process, because
// weights are packed for it, whichever of the program's own threads calls.
//
//   RETURN_IF_ERROR(ComputeThreads::Choose(/*count=*/0));    // when a model is opened
//
//   RETURN_IF_ERROR(ComputeThreads::CheckCaller());          // in every call
//   const ComputeThreads threads;

#ifndef LIBRARY_COMPUTE_THREADS_H_
#define LIBRARY_COMPUTE_THREADS_H_

#include "absl/status/status.h"

namespace vitrine {

// Leaves OpenMP's settings of this thread as they were when it was made.
class KeepOpenMp {
 public:
  KeepOpenMp();
  ~KeepOpenMp();

  KeepOpenMp(const KeepOpenMp&) = delete;
  KeepOpenMp& operator=(const KeepOpenMp&) = delete;

 private:
  const int threads_, dynamic_, levels_;
};

// While it exists the calling thread computes with the number that was chosen. Thread-safe.
class ComputeThreads {
 public:
  // 0 takes the number that the process has, or else DefaultThreads(). FailedPrecondition if the
  // process has another one, and as SetThreads.
  static absl::Status Choose(int count);

  // FailedPrecondition within a parallel region of OpenMP's, where there is only one thread.
  static absl::Status CheckCaller();

  // Choose must have been called.
  ComputeThreads();

 private:
  const KeepOpenMp keep_;
};

}  // namespace vitrine

#endif  // LIBRARY_COMPUTE_THREADS_H_
