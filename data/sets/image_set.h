// Images with their labels, as every reader of this folder returns them.

#ifndef DATA_SETS_IMAGE_SET_H_
#define DATA_SETS_IMAGE_SET_H_

#include <cstdint>
#include <span>

#include "ATen/core/Tensor.h"

namespace vitrine {

struct ImageSet {
  at::Tensor images;  // uint8 [N, C, H, W], contiguous
  at::Tensor labels;  // int64 [N]

  int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

// Copies of the images at these indices, in their order.
ImageSet Select(const ImageSet& set, std::span<const int64_t> indices);

// The labels where they lie; valid as long as the set.
std::span<const int64_t> Labels(const ImageSet& set);

}  // namespace vitrine

#endif  // DATA_SETS_IMAGE_SET_H_
