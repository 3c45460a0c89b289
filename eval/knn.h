// How well a model's features tell classes apart, without training a head: images are classified by
// their nearest neighbours among the training images, as DINO evaluates features (Caron et al.,
// arXiv 2104.14294, section 4.1).
//
//   ASSIGN_OR_RETURN(const FeatureData data, LoadFeatureData(manifest, data_dir, at::kCPU, {}));
//   ASSIGN_OR_RETURN(const KnnResult result, EvaluateKnn(model, data, Split::kTest, {}));

#ifndef EVAL_KNN_H_
#define EVAL_KNN_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/split.h"
#include "eval/data_arguments.h"
#include "eval/nearest.h"
#include "train/checkpoint/checkpoint.h"
#include "vit/inference_model.h"
#include "vit/readout.h"

namespace vitrine {

// A data set whose classes need not be those of the model.
struct FeatureData {
  std::unique_ptr<const Dataset> dataset;  // where loaders can point to
  LoaderSpec spec;
};

// The checkpoint's data set, or another that is kept in the same way, with the normalisation and
// the evaluation transforms of its config. Errors are one line, those of LoadDataset and
// CheckImages.
absl::StatusOr<FeatureData> LoadFeatureData(CheckpointManifest manifest,
                                            const std::filesystem::path& data_dir,
                                            at::Device device, OnBadImage on_bad);

struct KnnOptions {
  int64_t k = 20;
  double temperature = 0.07;
  Readout readout = {};  // of two heads' features an image they are one row
};

// What the neighbours of an image say.
struct KnnAnswer {
  int64_t index;               // in its split
  int64_t truth, prediction;   // classes
  double share;                // of the votes, for the prediction
  std::vector<int64_t> near;   // training images, the nearest first
  std::vector<float> cosines;  // of the angles between them and the image
};

// Counts as Evaluation has them, but that a class without a vote is never among the five.
struct KnnResult {
  int64_t memory = 0;  // training images
  int64_t k = 0;       // of which so many vote: fewer than asked for where some could not be read
  int64_t count = 0, correct_top1 = 0, correct_top5 = 0;
  int64_t left_out = 0;  // of both splits
  std::vector<KnnAnswer> answers;
};

// Adds a batch of images of these labels, int64 [B], and indices in their split, int64 [B].
void Count(const Neighbours& neighbours, const at::Tensor& votes, const at::Tensor& labels,
           const at::Tensor& indices, KnnResult* result);

// InvalidArgument if the train split has fewer images than k, or `split` has none.
absl::Status CheckKnn(const FeatureData& data, Split split, const KnnOptions& options);

// Of `split`, by the images of the train split; of what passes CheckKnn. Errors are the loader's,
// and FailedPrecondition if the model makes numbers that are not finite.
absl::StatusOr<KnnResult> EvaluateKnn(const InferenceModel& model, const FeatureData& data,
                                      Split split, const KnnOptions& options);

}  // namespace vitrine

#endif  // EVAL_KNN_H_
