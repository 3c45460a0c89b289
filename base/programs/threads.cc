#include "base/programs/threads.h"

#include <omp.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "base/programs/processor_count.h"

namespace vitrine {
namespace {

// Whether so many threads can be started. Without them OpenMP ends the process, and libtorch's
// pool, which is another, waits for ever.
bool CanStart(int count) {
  std::vector<std::thread> threads;
  try {
    for (int i = 0; i < count; ++i) threads.emplace_back([] {});
  } catch (const std::system_error&) {
  }
  const bool has_all = static_cast<int>(threads.size()) == count;
  for (std::thread& thread : threads) thread.join();
  return has_all;
}

int TeamSize() {
  int size = 0;
#pragma omp parallel
#pragma omp single
  size = omp_get_num_threads();
  return size;
}

}  // namespace

int DefaultThreads() {
  // Not ProcessorCount(): OpenMP may have bound this thread to one processor of several.
  return std::max(1, std::min({omp_get_num_procs(), CpuQuota(), omp_get_thread_limit()}));
}

absl::Status SetThreads(int count) {
  if (!CanStart(2 * count)) {
    return absl::FailedPreconditionError(
        absl::StrCat("threads: ", count,
                     " can't be started; raise `ulimit -u`, or a container's limit of "
                     "processes, or override threads"));
  }
  omp_set_dynamic(0);            // OMP_DYNAMIC takes threads away from a busy machine
  omp_set_max_active_levels(1);  // OMP_MAX_ACTIVE_LEVELS=0 takes them all
  at::set_num_threads(count);
  const int size = TeamSize();
  if (size == count) return absl::OkStatus();
  const int limit = omp_get_thread_limit();
  const std::string cause = limit < count ? absl::StrCat("OMP_THREAD_LIMIT=", limit, "; unset it")
                                          : "a variable of OpenMP's, OMP_... or GOMP_...; unset it";
  return absl::FailedPreconditionError(absl::StrCat("threads: ", count, " are asked for and ", size,
                                                    " to be had, because of ", cause,
                                                    ", or override threads=", size));
}

}  // namespace vitrine
