// What one step of training or evaluation takes.

#ifndef DATA_BATCHES_BATCH_H_
#define DATA_BATCHES_BATCH_H_

#include "ATen/core/Tensor.h"

namespace vitrine {

struct Batch {
  at::Tensor images = {};       // float32 [B, C, H, W], normalised; undefined where features are
  at::Tensor labels = {};       // int64 [B]; negative where the image could not be read
  at::Tensor soft_labels = {};  // float32 [B, K], rows of sum 1, where images are mixed
  at::Tensor features = {};     // float32 [B, ...], what the heads read, where it is known already
};

}  // namespace vitrine

#endif  // DATA_BATCHES_BATCH_H_
