#include "base/programs/memory.h"

#include <malloc.h>

#include <limits>

#include "glog/logging.h"

namespace vitrine {

void KeepFreedMemory() {
  // Large blocks come from the heap rather than from a mapping of their own, and the heap never
  // shrinks.
  CHECK_EQ(mallopt(M_MMAP_MAX, 0), 1);
  CHECK_EQ(mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max()), 1);
}

}  // namespace vitrine
