// What one step of training or evaluation takes.

#ifndef DATA_BATCHES_BATCH_H_
#define DATA_BATCHES_BATCH_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace vitrine {

struct Batch {
  at::Tensor images = {};       // float32 [B, C, H, W], normalised; undefined where features are
  at::Tensor labels = {};       // int64 [B]; negative where the image could not be read
  at::Tensor soft_labels = {};  // float32 [B, K], rows of sum 1, where images are mixed
  at::Tensor features = {};     // float32 [B, ...], what the heads read, where it is known already
};

// Images [begin, end) of a batch, in its memory.
inline Batch Slice(const Batch& batch, int64_t begin, int64_t end) {
  const auto slice = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.slice(0, begin, end) : tensor;
  };
  return {slice(batch.images), slice(batch.labels), slice(batch.soft_labels),
          slice(batch.features)};
}

}  // namespace vitrine

#endif  // DATA_BATCHES_BATCH_H_
