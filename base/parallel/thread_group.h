// A group whose processes are threads of one, for tests.
//
//   RunInThreads(4, [&](ProcessGroup* group) { ... });

#ifndef BASE_PARALLEL_THREAD_GROUP_H_
#define BASE_PARALLEL_THREAD_GROUP_H_

#include <functional>

#include "base/parallel/process_group.h"

namespace vitrine {

// Calls `work` in so many threads at once, each with its rank; returns when all have.
void RunInThreads(int size, const std::function<void(ProcessGroup* group)>& work);

}  // namespace vitrine

#endif  // BASE_PARALLEL_THREAD_GROUP_H_
