#include "eval/knn.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/batches/bad_images.h"
#include "eval/embedding.h"
#include "eval/evaluator.h"
#include "eval/run_data.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatch = 128;

// The unit vectors of images that could be read, and their classes.
struct Memory {
  at::Tensor rows;    // [M, D], on the model's device
  at::Tensor labels;  // int64 [M], on the CPU
  std::vector<int64_t> indices;
};

at::Tensor UnitRows(const EmbeddedBatch& batch) { return ToUnitLength(batch.rows.flatten(1)); }

// Embeds a split, says which images could not be read and counts them.
absl::Status EmbedSplit(const InferenceModel& model, const FeatureData& data, Split split,
                        const Readout& readout, int64_t* left_out, EmbeddingObserver observe) {
  ASSIGN_OR_RETURN(const auto loader,
                   Loader::ForEvaluation(*data.dataset, split, data.spec, kBatch));
  const ImageSource& source = *data.dataset->part(split);
  RETURN_IF_ERROR(ForEachEmbedding(model, readout, source, loader.get(), observe));
  const BadImages bad = loader->bad_images();
  *left_out += bad.count;
  WarnOfDamagedImages(loader->damaged_images());
  return TellLeftOut(bad, source.size() - bad.count);
}

// Filled in its place: two copies of a million rows may not fit.
absl::StatusOr<Memory> Remember(const InferenceModel& model, const FeatureData& data,
                                const Readout& readout, int64_t* left_out) {
  const int64_t most = data.dataset->train->size();
  Memory memory = {.rows = {}, .labels = at::empty({most}, at::kLong), .indices = {}};
  RETURN_IF_ERROR(
      EmbedSplit(model, data, Split::kTrain, readout, left_out, [&](const EmbeddedBatch& batch) {
        const at::Tensor rows = UnitRows(batch);
        if (!memory.rows.defined()) memory.rows = at::empty({most, rows.size(1)}, rows.options());
        const auto first = static_cast<int64_t>(memory.indices.size());
        memory.rows.narrow(0, first, rows.size(0)).copy_(rows);
        memory.labels.narrow(0, first, rows.size(0)).copy_(batch.labels);
        for (int64_t i = 0; i < rows.size(0); ++i) {
          memory.indices.push_back(batch.indices[i].item<int64_t>());
        }
        return absl::OkStatus();
      }));
  const auto count = static_cast<int64_t>(memory.indices.size());
  memory.rows = memory.rows.narrow(0, 0, count);
  memory.labels = memory.labels.narrow(0, 0, count);
  return memory;
}

}  // namespace

absl::StatusOr<FeatureData> LoadFeatureData(CheckpointManifest manifest, const fs::path& data_dir,
                                            at::Device device, OnBadImage on_bad) {
  DataConfig& config = *manifest.mutable_config()->mutable_data();
  if (on_bad) config.set_on_bad_image(*on_bad);
  *config.mutable_train_transforms() = config.evaluation_transforms();  // none is trained on
  ASSIGN_OR_RETURN(Dataset dataset, LoadRunData(manifest, data_dir));
  LoaderSpec spec = LoaderSpecOf(manifest.config(), device);
  const int classes = static_cast<int>(dataset.class_names.size());
  RETURN_IF_ERROR(CheckImages(dataset, config, spec.shape, classes));
  return FeatureData{std::make_unique<Dataset>(std::move(dataset)), std::move(spec)};
}

absl::Status CheckKnn(const FeatureData& data, Split split, const KnnOptions& options) {
  const int64_t memory = data.dataset->train->size();
  if (options.k > memory) {
    return absl::InvalidArgumentError(absl::StrCat("--k: is ", options.k, ", but there are ",
                                                   memory, " training images; take at most that"));
  }
  if (data.dataset->part(split)->size() > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--split: the run held out no ", SplitName(split), " split; take test"));
}

void Count(const Neighbours& neighbours, const at::Tensor& votes, const at::Tensor& labels,
           const at::Tensor& indices, KnnResult* result) {
  const at::Tensor ranks = Ranks(votes, labels);
  const at::Tensor has_vote = votes.gather(1, labels.unsqueeze(1)).squeeze(1) > 0;
  result->count += labels.size(0);
  result->correct_top1 += (ranks < 1).sum().item<int64_t>();
  result->correct_top5 += ((ranks < 5) & has_vote).sum().item<int64_t>();
  const int64_t k = neighbours.index.size(1);
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const at::Tensor row = votes[i].contiguous();
    const double* const vote = row.const_data_ptr<double>();
    const double* const best = std::max_element(vote, vote + row.size(0));  // of equals the first
    const int64_t* const near = neighbours.index.const_data_ptr<int64_t>() + i * k;
    const float* const cosines = neighbours.similarity.const_data_ptr<float>() + i * k;
    result->answers.push_back({.index = indices[i].item<int64_t>(),
                               .truth = labels[i].item<int64_t>(),
                               .prediction = best - vote,
                               .share = *best / row.sum().item<double>(),
                               .near = {near, near + k},
                               .cosines = {cosines, cosines + k}});
  }
}

absl::StatusOr<KnnResult> EvaluateKnn(const InferenceModel& model, const FeatureData& data,
                                      Split split, const KnnOptions& options) {
  const auto classes = static_cast<int64_t>(data.dataset->class_names.size());
  KnnResult result;
  ASSIGN_OR_RETURN(const Memory memory, Remember(model, data, options.readout, &result.left_out));
  result.memory = memory.labels.size(0);
  result.k = std::min(options.k, result.memory);
  RETURN_IF_ERROR(EmbedSplit(
      model, data, split, options.readout, &result.left_out, [&](const EmbeddedBatch& batch) {
        const Neighbours near = FindNearest(memory.rows, UnitRows(batch), result.k);
        const at::Tensor votes = Vote(near, memory.labels, classes, options.temperature);
        Count(near, votes, batch.labels, batch.indices, &result);
        return absl::OkStatus();
      }));
  // Of all training images, of which the memory may lack some.
  for (KnnAnswer& answer : result.answers) {
    for (int64_t& index : answer.near) index = memory.indices[index];
  }
  return result;
}

}  // namespace vitrine
