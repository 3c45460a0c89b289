#include "base/parallel/single_process.h"

namespace vitrine {

ProcessGroup* Alone() {
  static SingleProcess alone;
  return &alone;
}

}  // namespace vitrine
