#include "library/compute_threads.h"

#include <omp.h>

#include <atomic>

#include "ATen/Parallel.h"
#include "absl/base/const_init.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

ABSL_CONST_INIT absl::Mutex mutex(absl::kConstInit);
std::atomic<int> chosen = 0;  // written with the mutex held, once; 0: not yet

}  // namespace

KeepOpenMp::KeepOpenMp()
    : threads_(omp_get_max_threads()),
      dynamic_(omp_get_dynamic()),
      levels_(omp_get_max_active_levels()) {}

KeepOpenMp::~KeepOpenMp() {
  omp_set_num_threads(threads_);
  omp_set_dynamic(dynamic_);
  omp_set_max_active_levels(levels_);
}

absl::Status ComputeThreads::Choose(int count) {
  if (omp_in_parallel() != 0) {
    return absl::FailedPreconditionError(
        "called within a parallel region of OpenMP's; open models outside of it");
  }
  const absl::MutexLock lock(&mutex);
  const int present = chosen;
  if (count == 0 && present == 0) count = DefaultThreads();
  if (count == 0 || count == present) return absl::OkStatus();
  if (present != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "threads: ", count, " are asked for, and this process computes with ", present,
        ", which its first model was opened with; open all with the same number, or with 0"));
  }
  const KeepOpenMp keep;
  RETURN_IF_ERROR(SetThreads(count));
  chosen = count;
  return absl::OkStatus();
}

absl::Status ComputeThreads::CheckCaller() {
  if (chosen == 1 || omp_in_parallel() == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "called within a parallel region of OpenMP's, where there is one thread and not ",
      chosen.load(), "; call from outside of it, or open the first model with threads = 1"));
}

ComputeThreads::ComputeThreads() {
  CHECK_NE(chosen, 0);
  at::get_num_threads();  // libtorch's own set-up of a thread that it has not seen
  omp_set_dynamic(0);     // as SetThreads
  omp_set_max_active_levels(1);
  omp_set_num_threads(chosen);
}

}  // namespace vitrine
