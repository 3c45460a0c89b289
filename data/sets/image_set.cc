#include "data/sets/image_set.h"

#include <algorithm>

#include "ATen/ops/empty.h"
#include "ATen/ops/index_select.h"

namespace vitrine {

ImageSet Select(const ImageSet& set, std::span<const int64_t> indices) {
  at::Tensor index = at::empty({static_cast<int64_t>(indices.size())}, at::kLong);
  std::copy(indices.begin(), indices.end(), index.mutable_data_ptr<int64_t>());
  return {at::index_select(set.images, 0, index), at::index_select(set.labels, 0, index)};
}

std::span<const int64_t> Labels(const ImageSet& set) {
  return {set.labels.const_data_ptr<int64_t>(), static_cast<size_t>(set.size())};
}

}  // namespace vitrine
