#include "data/source/memory_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {

MemorySource::MemorySource(std::string name, ImageSet set)
    : name_(std::move(name)), set_(std::move(set)) {
  CHECK_EQ(set_.images.dim(), 4);
  CHECK(set_.images.is_contiguous() && set_.labels.is_contiguous());
  CHECK_EQ(set_.images.size(0), set_.size());
}

int64_t MemorySource::Label(int64_t index) const {
  CHECK(index >= 0 && index < size()) << index << " of " << size();
  return set_.labels.const_data_ptr<int64_t>()[index];
}

std::string MemorySource::Name(int64_t index) const {
  return absl::StrCat(name_, " image ", index);
}

absl::StatusOr<StoredImage> MemorySource::Read(int64_t index) const {
  CHECK(index >= 0 && index < size()) << index << " of " << size();
  const int64_t channels = set_.images.size(1), height = set_.images.size(2),
                width = set_.images.size(3);
  return PlanarPixels{
      .pixels = set_.images.const_data_ptr<uint8_t>() + index * channels * height * width,
      .channels = static_cast<int>(channels),
      .height = static_cast<int>(height),
      .width = static_cast<int>(width)};
}

}  // namespace vitrine
