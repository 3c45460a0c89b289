// Evaluates what a checkpoint holds on the data that it was trained on.
//
//   ASSIGN_OR_RETURN(const EvaluationData data,
//                    EvaluationData::Load(checkpoint.manifest, Split::kTest, data_dir, at::kCPU));
//   ASSIGN_OR_RETURN(const EvaluationResult result, data.Evaluate(checkpoint.model, false));

#ifndef EVAL_CHECKPOINT_EVALUATION_H_
#define EVAL_CHECKPOINT_EVALUATION_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "base/files/json.h"
#include "base/parallel/process_group.h"
#include "base/parallel/single_process.h"
#include "base/tensors/tensor_map.h"
#include "data/batches/bad_images.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/split.h"
#include "eval/data_arguments.h"
#include "eval/result.pb.h"
#include "eval/weights.h"
#include "train/checkpoint/checkpoint.h"
#include "vit/inference_model.h"

namespace vitrine {

// One split of a checkpoint's data set, with the normalisation and the transforms of its config.
class EvaluationData {
 public:
  // Classes are matched by name. Errors are one line: a class that the data has not, a split that
  // the run did not hold out, and those of LoadDataset.
  static absl::StatusOr<EvaluationData> Load(CheckpointManifest manifest, Split split,
                                             const std::filesystem::path& data_dir,
                                             at::Device device, OnBadImage on_bad = {});

  const Dataset& dataset() const { return *dataset_; }
  const LoaderSpec& spec() const { return spec_; }
  const ImageSource& images() const { return *dataset_->part(split_); }
  int64_t size() const { return images().size(); }
  const std::vector<std::string>& class_names() const { return dataset_->class_names; }

  // The images, in order; to be used while this object is there.
  absl::StatusOr<std::unique_ptr<Loader>> Open(int64_t batch_size) const {
    return Loader::ForEvaluation(*dataset_, split_, spec_, batch_size);
  }

  // How a model does on all images of the split; `flips` and `group` as for ForEachBatch. Those
  // that are damaged but were read are counted. With on_bad_image SKIP those that can't be read are
  // left out and counted. An error if no image can be read, or has scores that are finite.
  absl::StatusOr<EvaluationResult> Evaluate(const InferenceModel& model, bool flips,
                                            ProcessGroup* group = Alone()) const;

  // The same of a model of the manifest's config with these weights.
  absl::StatusOr<EvaluationResult> Evaluate(const TensorMap& weights, bool flips,
                                            at::ScalarType operands = at::kFloat,
                                            ProcessGroup* group = Alone()) const;

  // What Evaluate, without flips, gave of these weights of the checkpoint, if it was saved and is
  // to be believed (FindSavedResult).
  std::optional<EvaluationResult> FindSaved(const std::filesystem::path& checkpoint,
                                            const CheckpointManifest& manifest,
                                            Weights weights) const;

 private:
  EvaluationData(const ModelConfig& model, std::unique_ptr<const Dataset> dataset, LoaderSpec spec,
                 Split split);

  ModelConfig model_;
  std::unique_ptr<const Dataset> dataset_;  // where loaders can point to
  LoaderSpec spec_;
  Split split_;
};

struct CheckpointEvaluation {
  std::filesystem::path checkpoint;
  EvaluationResult result;
};

struct EvaluationOptions {
  Weights weights = Weights::kModel;
  Split split = Split::kTest;
  std::filesystem::path data_dir;
  at::Device device = at::kCPU;
  bool flips = false;
  at::ScalarType operands = at::kFloat;  // as InferenceModel has them
  int loader_threads = 0;                // 0: as in training; changes no figure
  OnBadImage on_bad = {};
  ProcessGroup* group = Alone();  // that shares the work, each reading the checkpoint
};

// `path` is a checkpoint or a run, of which the newest checkpoint is taken.
absl::StatusOr<CheckpointEvaluation> EvaluateCheckpoint(const std::filesystem::path& path,
                                                        const EvaluationOptions& options);

// Whether the images that it was evaluated on decided which checkpoints it is the average of, so
// that its accuracy is no estimate for others.
bool WasSelectedOn(const EvaluationResult& result);

// One object, of which programs read split, count, correct_top1, correct_top5, top1, top5, loss,
// checkpoint and iteration; left_out and damaged, where images were; and selected_on_this_split
// where that is so.
Json ToJson(const CheckpointEvaluation& evaluation);

}  // namespace vitrine

#endif  // EVAL_CHECKPOINT_EVALUATION_H_
