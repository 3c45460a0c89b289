#include "data/source/subset_source.h"

#include <utility>

#include "glog/logging.h"

namespace vitrine {

SubsetSource::SubsetSource(std::shared_ptr<const ImageSource> source, std::vector<int64_t> indices)
    : source_(std::move(source)), indices_(std::move(indices)) {
  for (const int64_t index : indices_) {
    CHECK(index >= 0 && index < source_->size()) << index << " of " << source_->size();
  }
}

}  // namespace vitrine
