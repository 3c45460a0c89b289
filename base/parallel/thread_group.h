// For tests: ranks that are threads of one process, which exchange bytes in its memory.
//
//   RunOnThreads(4, [](ProcessGroup& group) { EXPECT_OK(group.Barrier()); });

#ifndef BASE_PARALLEL_THREAD_GROUP_H_
#define BASE_PARALLEL_THREAD_GROUP_H_

#include <functional>

#include "base/parallel/process_group.h"

namespace vitrine {

// Returns once `body` has returned on every rank.
void RunOnThreads(int size, const std::function<void(ProcessGroup& group)>& body);

}  // namespace vitrine

#endif  // BASE_PARALLEL_THREAD_GROUP_H_
