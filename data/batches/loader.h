// Batches for the model: read ahead, moved to its device, normalised and mixed there, on a GPU
// while the step before computes.
//
//   ASSIGN_OR_RETURN(const auto loader, Loader::ForTraining(dataset, spec, *sampler, seed, first));
//   while (...) {
//     ASSIGN_OR_RETURN(const Batch batch, loader->Next());
//     ...
//   }

#ifndef DATA_BATCHES_LOADER_H_
#define DATA_BATCHES_LOADER_H_

#include <cstdint>
#include <memory>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "base/tensors/side_stream.h"
#include "data/batches/bad_images.h"
#include "data/batches/batch.h"
#include "data/batches/batch_plan.h"
#include "data/batches/normalization.h"
#include "data/batches/prefetcher.h"
#include "data/batches/sample_reader.h"
#include "data/batches/sampler.h"
#include "data/dataset.h"
#include "data/dataset.pb.h"
#include "data/source/image_source.h"
#include "data/split.h"

namespace vitrine {

// How a data set's images become the input of a model.
struct LoaderSpec {
  DataConfig config;
  ImageShape shape;
  at::Device device = at::kCPU;
  Share share = {};  // training: a part of each batch; evaluation: every count-th batch
};

class Loader {
 public:
  // The batches of the sampler from this iteration on, without end, with the config's
  // train_transforms and mix, keyed by seed. The data set and the sampler must outlive it.
  // InvalidArgument where the transforms don't fit the shape.
  static absl::StatusOr<std::unique_ptr<Loader>> ForTraining(const Dataset& dataset,
                                                             const LoaderSpec& spec,
                                                             const Sampler& sampler, uint64_t seed,
                                                             int64_t first_iteration);

  // Every image of the split once, in order, in batches of at most batch_size, with the config's
  // evaluation_transforms. Of several shares each has some of the batches.
  static absl::StatusOr<std::unique_ptr<Loader>> ForEvaluation(const Dataset& dataset, Split split,
                                                               const LoaderSpec& spec,
                                                               int64_t batch_size);

  // The same of a source that is no data set's.
  static absl::StatusOr<std::unique_ptr<Loader>> ForEvaluation(
      std::shared_ptr<const ImageSource> source, const LoaderSpec& spec, int64_t batch_size);

  bool AtEnd() const { return prefetcher_.AtEnd(); }

  // On which its batches are.
  at::Device device() const { return spec_.device; }

  // The next batch. Errors name the image that can't be read, or the limit that was passed.
  absl::StatusOr<Batch> Next();

  BadImages bad_images() const { return reader_.bad_images(); }
  BadImages damaged_images() const { return reader_.damaged_images(); }

 private:
  // `skip` is what on_bad_image SKIP means.
  static absl::StatusOr<std::unique_ptr<Loader>> Create(const LoaderSpec& spec,
                                                        const TransformConfigs& transforms,
                                                        std::shared_ptr<const ImageSource> source,
                                                        uint64_t seed, OnBad skip, BatchPlan plan);

  Loader(const LoaderSpec& spec, Normalization normalization, TransformPipeline pipeline,
         std::shared_ptr<const ImageSource> source, uint64_t seed, OnBad on_bad, BatchPlan plan);

  // The rest of what makes a batch, on the device.
  Batch Finish(const ByteBatch& bytes, int64_t iteration) const;

  const LoaderSpec spec_;
  const Normalization normalization_;
  const uint64_t seed_;
  int64_t num_classes_ = 0;    // 0: batches are not mixed
  bool has_neighbor_ = false;  // before a part of a batch, see PartOfEach
  int64_t next_;
  SideStream side_stream_;
  SampleReader reader_;
  Prefetcher prefetcher_;
};

}  // namespace vitrine

#endif  // DATA_BATCHES_LOADER_H_
