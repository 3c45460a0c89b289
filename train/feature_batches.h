// Training batches of a model of which only heads are trained: what the heads read is computed once
// for each image, and not in every iteration.

#ifndef TRAIN_FEATURE_BATCHES_H_
#define TRAIN_FEATURE_BATCHES_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/batches/bad_images.h"
#include "data/batches/batch.h"
#include "data/batches/batch_plan.h"
#include "data/batches/loader.h"
#include "data/batches/sampler.h"
#include "data/dataset.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class FeatureBatches {
 public:
  // The batches of the sampler, which must outlive this, from an iteration on, or the share's part
  // of each; of the training images with the config's evaluation_transforms. An image that can't be
  // read, where that is no error, is replaced by the next one.
  static absl::StatusOr<FeatureBatches> Create(const VisionTransformer& model,
                                               const Dataset& dataset, const LoaderSpec& spec,
                                               const Sampler& sampler, int64_t first_iteration);

  // Has features and labels, and no images.
  Batch Next();

  BadImages bad_images() const { return bad_images_; }
  BadImages damaged_images() const { return damaged_images_; }

 private:
  explicit FeatureBatches(BatchPlan plan) : plan_(std::move(plan)), next_(plan_.first) {}

  BatchPlan plan_;
  int64_t next_;
  at::Tensor features_, labels_;   // of all images
  std::vector<int64_t> readable_;  // of each image, or the next one
  BadImages bad_images_, damaged_images_;
};

}  // namespace vitrine

#endif  // TRAIN_FEATURE_BATCHES_H_
