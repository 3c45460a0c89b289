#include "eval/checkpoint_evaluation.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "train/checkpoint.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 128;

absl::StatusOr<VisionTransformer> RestoreModel(const Checkpoint& checkpoint, Weights weights) {
  if (weights == Weights::kEma && !checkpoint.ema) {
    return absl::FailedPreconditionError(
        "no moving average of the weights; train with ema.horizon_fraction above 0");
  }
  ASSIGN_OR_RETURN(VisionTransformer model,
                   VisionTransformer::Create(checkpoint.manifest.config().model(), /*seed=*/0));
  RETURN_IF_ERROR(model.Load(weights == Weights::kEma ? *checkpoint.ema : checkpoint.model));
  return model;
}

}  // namespace

absl::StatusOr<Weights> ParseWeights(std::string_view name) {
  if (name == "model") return Weights::kModel;
  if (name == "ema") return Weights::kEma;
  return absl::InvalidArgumentError(
      absl::StrCat("--weights: must be model or ema, not '", name, "'"));
}

absl::StatusOr<CheckpointEvaluation> EvaluateCheckpoint(const std::filesystem::path& path,
                                                        Weights weights, Split split,
                                                        const std::filesystem::path& data_dir,
                                                        at::Device device) {
  CheckpointEvaluation result;
  result.split = split;
  ASSIGN_OR_RETURN(result.checkpoint, FindCheckpoint(path));
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadCheckpoint(result.checkpoint));
  ExperimentConfig config = checkpoint.manifest.config();
  config.mutable_data()->set_source(SourceIn(data_dir, config.data()));
  ASSIGN_OR_RETURN(VisionTransformer model,
                   Annotate(RestoreModel(checkpoint, weights), result.checkpoint.string()));
  if (!device.is_cpu()) model = model.Clone(device);
  ASSIGN_OR_RETURN(Dataset dataset, LoadDataset(config.data(), data_dir));
  const auto& classes = checkpoint.manifest.class_names();
  RETURN_IF_ERROR(UseClasses({classes.begin(), classes.end()}, &dataset));
  const LoaderSpec spec = {
      .config = config.data(),
      .shape = {.channels = config.model().channels(), .size = config.model().image_size()},
      .device = device};
  RETURN_IF_ERROR(CheckImages(dataset, config.data(), spec.shape, config.model().num_classes()));
  if (dataset.part(split)->size() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run held out no ", SplitName(split), " split; take train or test"));
  }
  ASSIGN_OR_RETURN(const auto loader, Loader::ForEvaluation(dataset, split, spec, kBatch));
  result.iteration = checkpoint.manifest.iteration();
  ASSIGN_OR_RETURN(result.evaluation, Evaluate(model, loader.get()));
  return result;
}

nlohmann::ordered_json ToJson(const CheckpointEvaluation& result) {
  const Evaluation& e = result.evaluation;
  return {{"split", SplitName(result.split)},
          {"count", e.count},
          {"correct_top1", e.correct_top1},
          {"correct_top5", e.correct_top5},
          {"top1", e.top1()},
          {"top5", e.top5()},
          {"loss", e.loss()},
          {"checkpoint", result.checkpoint.string()},
          {"iteration", result.iteration}};
}

}  // namespace vitrine
