#include "data/batches/bad_images.h"

#include "glog/logging.h"

namespace vitrine {

void BadImageList::Add(int64_t index, std::string_view what) {
  const absl::MutexLock lock(&mutex_);
  const bool is_lowest = indices_.empty() || index < *indices_.begin();
  if (indices_.insert(index).second && is_lowest) example_ = std::string(what);
}

BadImages BadImageList::images() const {
  const absl::MutexLock lock(&mutex_);
  return {.count = static_cast<int64_t>(indices_.size()), .example = example_};
}

void WarnOfDamagedImages(const BadImages& damaged) {
  if (damaged.count == 0) return;
  LOG(WARNING) << damaged.count << " images are damaged and were read as Pillow and torchvision "
               << "read them; for example " << damaged.example;
}

}  // namespace vitrine
