#include "train/feature_batches.h"

#include <memory>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/from_blob.h"
#include "absl/status/status.h"
#include "base/status_macros.h"
#include "data/split.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 128;

// For each image itself if its label is not negative, or else the next one of which that holds.
absl::StatusOr<std::vector<int64_t>> Readable(const at::Tensor& labels) {
  const int64_t count = labels.size(0);
  const int64_t* label = labels.const_data_ptr<int64_t>();
  std::vector<int64_t> readable(count);
  int64_t next = -1;
  for (int64_t i = 2 * count - 1; i >= 0; --i) {  // around the end once
    if (label[i % count] >= 0) next = i % count;
    readable[i % count] = next;
  }
  if (next < 0) return absl::DataLossError("no training image could be read");
  return readable;
}

}  // namespace

absl::StatusOr<FeatureBatches> FeatureBatches::Create(const VisionTransformer& model,
                                                      const Dataset& dataset,
                                                      const LoaderSpec& spec,
                                                      const Sampler& sampler,
                                                      int64_t first_iteration) {
  const at::NoGradGuard no_grad;
  LoaderSpec all = spec;  // what one iteration needs can be any of them
  all.share = {};
  ASSIGN_OR_RETURN(const auto loader, Loader::ForEvaluation(dataset, Split::kTrain, all, kBatch));
  std::vector<at::Tensor> features, labels;
  while (!loader->AtEnd()) {
    ASSIGN_OR_RETURN(const Batch batch, loader->Next());
    features.push_back(model.Features(batch.images, {}));
    labels.push_back(batch.labels);
  }
  FeatureBatches batches(PartOfEach(sampler.Plan(first_iteration), spec.share, /*neighbor=*/false));
  batches.features_ = at::concat(features);
  batches.labels_ = at::concat(labels);
  ASSIGN_OR_RETURN(batches.readable_, Readable(batches.labels_.to(at::kCPU)));
  batches.bad_images_ = loader->bad_images();
  batches.damaged_images_ = loader->damaged_images();
  return batches;
}

Batch FeatureBatches::Next() {
  std::vector<int64_t> indices = plan_.indices(next_++);
  for (int64_t& index : indices) index = readable_[index];
  const at::Tensor chosen =
      at::from_blob(indices.data(), {static_cast<int64_t>(indices.size())}, at::kLong)
          .to(labels_.device(), /*non_blocking=*/false, /*copy=*/true);
  return {.images = {},
          .labels = labels_.index_select(0, chosen),
          .soft_labels = {},
          .features = features_.index_select(0, chosen)};
}

}  // namespace vitrine
