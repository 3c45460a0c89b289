#include "eval/checkpoint_evaluation.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/evaluator.h"
#include "eval/result_file.h"
#include "eval/run_data.h"
#include "eval/saved_result.h"
#include "eval/split_evaluation.h"
#include "train/checkpoint/open_model.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// A table of what is no number tells nothing.
absl::Status CheckScores(const Evaluation& evaluation) {
  if (evaluation.finite > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the model gives no image finite scores: its weights are too large to compute with; take an "
      "earlier checkpoint");
}

}  // namespace

absl::StatusOr<EvaluationData> EvaluationData::Load(CheckpointManifest manifest, Split split,
                                                    const fs::path& data_dir, at::Device device,
                                                    OnBadImage on_bad) {
  ExperimentConfig& config = *manifest.mutable_config();
  if (on_bad) config.mutable_data()->set_on_bad_image(*on_bad);
  ASSIGN_OR_RETURN(Dataset dataset, LoadRunData(manifest, data_dir));
  const auto& classes = manifest.class_names();
  RETURN_IF_ERROR(UseClasses({classes.begin(), classes.end()}, &dataset));
  // Nothing is trained, so that images of training may be of any size.
  *config.mutable_data()->mutable_train_transforms() = config.data().evaluation_transforms();
  const ModelConfig& model = config.model();
  LoaderSpec spec = LoaderSpecOf(config, device);
  RETURN_IF_ERROR(CheckImages(dataset, config.data(), spec.shape, model.num_classes()));
  if (dataset.part(split)->size() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run held out no ", SplitName(split), " split; take train or test"));
  }
  return EvaluationData(model, std::make_unique<Dataset>(std::move(dataset)), std::move(spec),
                        split);
}

EvaluationData::EvaluationData(const ModelConfig& model, std::unique_ptr<const Dataset> dataset,
                               LoaderSpec spec, Split split)
    : model_(model), dataset_(std::move(dataset)), spec_(std::move(spec)), split_(split) {}

absl::StatusOr<EvaluationResult> EvaluationData::Evaluate(const TensorMap& weights, bool flips,
                                                          at::ScalarType operands,
                                                          ProcessGroup* group) const {
  ASSIGN_OR_RETURN(const VisionTransformer model, RestoreModel(model_, weights, spec_.device));
  return Evaluate(InferenceModel(&model, operands), flips, group);
}

absl::StatusOr<EvaluationResult> EvaluationData::Evaluate(const InferenceModel& model, bool flips,
                                                          ProcessGroup* group) const {
  ASSIGN_OR_RETURN(SplitEvaluation evaluation,
                   EvaluateSplit(model, *dataset_, split_, spec_, flips, group));
  RETURN_IF_ERROR(CheckScores(evaluation.figures));
  WarnOfDamagedImages(evaluation.damaged);
  return std::move(evaluation.result);
}

std::optional<EvaluationResult> EvaluationData::FindSaved(const fs::path& checkpoint,
                                                          const CheckpointManifest& manifest,
                                                          Weights weights) const {
  ResultSubject subject = {
      .class_names = class_names(), .images = size(), .on_bad = spec_.config.on_bad_image()};
  SetWeights(manifest, WeightsName(weights), &subject.of);
  SetImages(*dataset_, split_, /*flips=*/false, &subject.of);
  return FindSavedResult(checkpoint, subject);
}

absl::StatusOr<CheckpointEvaluation> EvaluateCheckpoint(const fs::path& path,
                                                        const EvaluationOptions& options) {
  CheckpointEvaluation evaluation;
  ASSIGN_OR_RETURN(evaluation.checkpoint, FindModel(path));
  const std::string name = evaluation.checkpoint.string();
  ASSIGN_OR_RETURN(SavedWeights saved, ReadWeights(evaluation.checkpoint, options.weights));
  CheckpointManifest& manifest = saved.manifest;
  if (options.loader_threads > 0) {
    manifest.mutable_config()->mutable_data()->set_loader_threads(options.loader_threads);
  }
  ASSIGN_OR_RETURN(const EvaluationData data,
                   EvaluationData::Load(manifest, options.split, options.data_dir, options.device,
                                        options.on_bad));
  ASSIGN_OR_RETURN(
      evaluation.result,
      Annotate(data.Evaluate(saved.tensors, options.flips, options.operands, options.group), name));
  if (options.operands == at::kBFloat16) evaluation.result.set_bfloat16(true);
  SetWeights(manifest, WeightsName(options.weights), &evaluation.result);
  return evaluation;
}

bool WasSelectedOn(const EvaluationResult& result) {
  return result.average_of().has_selection_split() &&
         result.average_of().selection_split() == result.split();
}

Json ToJson(const CheckpointEvaluation& evaluation) {
  const EvaluationResult& r = evaluation.result;
  const auto count = static_cast<double>(r.count());
  Json json = {{"split", r.split()},
               {"count", r.count()},
               {"correct_top1", r.correct_top1()},
               {"correct_top5", r.correct_top5()},
               {"top1", r.correct_top1() / count},
               {"top5", r.correct_top5() / count},
               {"loss", r.loss()},
               {"checkpoint", evaluation.checkpoint.string()},
               {"iteration", r.iteration()}};
  if (r.left_out() > 0) json["left_out"] = r.left_out();
  if (r.damaged() > 0) json["damaged"] = r.damaged();
  if (WasSelectedOn(r)) json["selected_on_this_split"] = true;
  return json;
}

}  // namespace vitrine
