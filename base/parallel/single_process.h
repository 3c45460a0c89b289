// A group of one.

#ifndef BASE_PARALLEL_SINGLE_PROCESS_H_
#define BASE_PARALLEL_SINGLE_PROCESS_H_

#include "base/parallel/process_group.h"

namespace vitrine {

// The group of this process alone, whose operations have nothing to do. It lives for ever.
ProcessGroup* Alone();

}  // namespace vitrine

#endif  // BASE_PARALLEL_SINGLE_PROCESS_H_
