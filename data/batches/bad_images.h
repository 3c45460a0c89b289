// Which of a source's images have something wrong with them.

#ifndef DATA_BATCHES_BAD_IMAGES_H_
#define DATA_BATCHES_BAD_IMAGES_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace vitrine {

// Images of one kind so far, each counted once.
struct BadImages {
  int64_t count = 0;
  std::string example;  // what is wrong with the one of the lowest index
};

// Thread-safe.
class BadImageList {
 public:
  void Add(int64_t index, std::string_view what);
  BadImages images() const;

 private:
  mutable absl::Mutex mutex_;
  std::set<int64_t> indices_ ABSL_GUARDED_BY(mutex_);
  std::string example_ ABSL_GUARDED_BY(mutex_);
};

// Logs a line about images that are damaged but were read, if there are any.
void WarnOfDamagedImages(const BadImages& damaged);

}  // namespace vitrine

#endif  // DATA_BATCHES_BAD_IMAGES_H_
