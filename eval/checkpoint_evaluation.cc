#include "eval/checkpoint_evaluation.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/parallel/agreement.h"
#include "base/parallel/check_same.h"
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

uint32_t Checksum(const TensorMap& tensors) {
  uint32_t sum = 0;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor whole = tensor.cpu().contiguous();
    const auto* const bytes = static_cast<const char*>(whole.const_data_ptr());
    sum = Crc32c({bytes, whole.nbytes()}, Crc32c(name, sum));
  }
  return sum;
}

// What a process reads for itself.
struct Opened {
  fs::path checkpoint;
  SavedWeights saved;
  EvaluationData data;
};

absl::StatusOr<Opened> Open(const fs::path& path, const EvaluationOptions& options) {
  ASSIGN_OR_RETURN(fs::path checkpoint, FindModel(path));
  ASSIGN_OR_RETURN(SavedWeights saved, ReadWeights(checkpoint, options.weights));
  if (options.loader_threads > 0) {
    saved.manifest.mutable_config()->mutable_data()->set_loader_threads(options.loader_threads);
  }
  ASSIGN_OR_RETURN(EvaluationData data,
                   EvaluationData::Load(saved.manifest, options.split, options.data_dir,
                                        options.device, options.on_bad));
  return Opened{std::move(checkpoint), std::move(saved), std::move(data)};
}

// Processes with other weights or images would add up to the figures of none.
absl::Status CheckSameOpened(ProcessGroup* group, const Opened& opened) {
  if (group->size() == 1) return absl::OkStatus();
  ExperimentConfig config = opened.saved.manifest.config();
  config.mutable_data()->clear_loader_threads();
  return CheckSame(*group, {{"weights", absl::StrCat(Checksum(opened.saved.tensors))},
                            {"config", config.ShortDebugString()},
                            {"data", DataIdentity(opened.data.dataset())}});
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
  absl::StatusOr<Opened> opened = Open(path, options);
  RETURN_IF_ERROR(AgreeOn(options.group, opened.status()));
  RETURN_IF_ERROR(CheckSameOpened(options.group, *opened));
  CheckpointEvaluation evaluation;
  evaluation.checkpoint = std::move(opened->checkpoint);
  ASSIGN_OR_RETURN(evaluation.result,
                   Annotate(opened->data.Evaluate(opened->saved.tensors, options.flips,
                                                  options.operands, options.group),
                            evaluation.checkpoint.string()));
  if (options.operands == at::kBFloat16) evaluation.result.set_bfloat16(true);
  SetWeights(opened->saved.manifest, WeightsName(options.weights), &evaluation.result);
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
