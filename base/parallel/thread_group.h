// For tests: ranks that are threads of one process, which exchange bytes in its memory.
//
//   RunOnThreads(4, [](ProcessGroup& group) { EXPECT_OK(group.Barrier()); });

#ifndef BASE_PARALLEL_THREAD_GROUP_H_
#define BASE_PARALLEL_THREAD_GROUP_H_

#include <cstdint>
#include <functional>
#include <limits>

#include "base/parallel/process_group.h"

namespace vitrine {

// Returns once `body` has returned on every rank. The last rank is as if killed once it has made
// `exchanges` exchanges of bytes: all later ones fail, on the other ranks as soon as they miss it.
void RunOnThreads(int size, const std::function<void(ProcessGroup& group)>& body,
                  int64_t exchanges = std::numeric_limits<int64_t>::max());

}  // namespace vitrine

#endif  // BASE_PARALLEL_THREAD_GROUP_H_
