#include "data/batches/loader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "base/programs/processor_count.h"
#include "base/status_macros.h"
#include "data/batches/mix.h"

namespace vitrine {
namespace {

constexpr int kBatchesAhead = 3;
constexpr int kMostThreads = 16;

// As many as can help. It decides no bits, so it may be guessed and is part of no checkpoint.
int ThreadCount(const DataConfig& config, const ImageSource& source) {
  if (config.loader_threads() > 0) return config.loader_threads();
  if (!source.NeedsDecoding()) return 1;
  return std::min(ProcessorCount(), kMostThreads);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Loader>> Loader::ForTraining(const Dataset& dataset,
                                                            const LoaderSpec& spec,
                                                            const Sampler& sampler, uint64_t seed,
                                                            int64_t first_iteration) {
  const bool neighbor = spec.share.count > 1 && Mixes(spec.config.mix());
  ASSIGN_OR_RETURN(auto loader,
                   Create(spec, spec.config.train_transforms(), dataset.train, seed,
                          /*skip=*/OnBad::kReplace,
                          PartOfEach(sampler.Plan(first_iteration), spec.share, neighbor)));
  loader->has_neighbor_ = neighbor;
  loader->num_classes_ = static_cast<int64_t>(dataset.class_names.size());
  return loader;
}

absl::StatusOr<std::unique_ptr<Loader>> Loader::ForEvaluation(const Dataset& dataset, Split split,
                                                              const LoaderSpec& spec,
                                                              int64_t batch_size) {
  return ForEvaluation(dataset.part(split), spec, batch_size);
}

absl::StatusOr<std::unique_ptr<Loader>> Loader::ForEvaluation(
    std::shared_ptr<const ImageSource> source, const LoaderSpec& spec, int64_t batch_size) {
  const int64_t size = source->size();
  return Create(spec, spec.config.evaluation_transforms(), std::move(source), /*seed=*/0,
                /*skip=*/OnBad::kLeaveOut, EveryNth(PlanInOrder(size, batch_size), spec.share));
}

absl::StatusOr<std::unique_ptr<Loader>> Loader::Create(const LoaderSpec& spec,
                                                       const TransformConfigs& transforms,
                                                       std::shared_ptr<const ImageSource> source,
                                                       uint64_t seed, OnBad skip, BatchPlan plan) {
  ASSIGN_OR_RETURN(const auto normalization,
                   Normalization::Create(spec.config, spec.shape.channels, spec.device));
  ASSIGN_OR_RETURN(auto pipeline, TransformPipeline::Create(transforms, spec.shape.size,
                                                            normalization.MeanColor()));
  const OnBad on_bad = spec.config.on_bad_image() == DataConfig::SKIP ? skip : OnBad::kFail;
  return absl::WrapUnique(new Loader(spec, normalization, std::move(pipeline), std::move(source),
                                     seed, on_bad, std::move(plan)));
}

Loader::Loader(const LoaderSpec& spec, Normalization normalization, TransformPipeline pipeline,
               std::shared_ptr<const ImageSource> source, uint64_t seed, OnBad on_bad,
               BatchPlan plan)
    : spec_(spec),
      normalization_(std::move(normalization)),
      seed_(seed),
      next_(plan.first),
      side_stream_(spec.device),
      reader_(std::move(source), std::move(pipeline), spec.shape, seed, on_bad),
      prefetcher_(&reader_, std::move(plan),
                  {.threads = ThreadCount(spec.config, reader_.source()),
                   .batches_ahead = kBatchesAhead,
                   .pinned = spec.device.is_cuda()}) {}

absl::StatusOr<Batch> Loader::Next() {
  ASSIGN_OR_RETURN(const ByteBatch bytes, prefetcher_.Next());
  const int64_t iteration = next_++;
  Batch batch;
  side_stream_.Run([&] {
    batch = Finish(bytes, iteration);
    return std::vector{batch.images, batch.labels, batch.soft_labels};
  });
  return batch;
}

Batch Loader::Finish(const ByteBatch& bytes, int64_t iteration) const {
  // From pinned memory the copies are only begun here.
  const auto to_device = [&](const at::Tensor& tensor) {
    return tensor.to(spec_.device, /*non_blocking=*/true);
  };
  Batch batch{.images = normalization_.Apply(to_device(bytes.images)),
              .labels = to_device(bytes.labels),
              .soft_labels = {}};
  if (num_classes_ == 0) return batch;
  const std::optional<Mix> mix = DrawMix(spec_.config.mix(), seed_, iteration, spec_.shape.size);
  if (mix) ApplyMix(*mix, num_classes_, &batch);
  if (has_neighbor_) batch = Slice(batch, 1, batch.labels.size(0));
  return batch;
}

}  // namespace vitrine
