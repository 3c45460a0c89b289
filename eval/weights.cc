#include "eval/weights.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/tensors/tensor_mean.h"
#include "train/checkpoint/open_model.h"
#include "train/checkpoint/weight_files.h"

namespace vitrine {
namespace {

absl::StatusOr<TensorMap> Take(Weights weights, Checkpoint* checkpoint) {
  switch (weights) {
    case Weights::kModel:
      return std::move(checkpoint->model);
    case Weights::kEma:
      if (checkpoint->ema) return *std::move(checkpoint->ema);
      return absl::FailedPreconditionError(
          "no moving average of the weights; train with ema.horizon_fraction above 0");
    case Weights::kSwa:
      if (checkpoint->swa) return MeanOf(*checkpoint->swa, checkpoint->manifest.swa_count());
      return absl::FailedPreconditionError(
          "no average of weights; train with swa.every_iterations above 0, or make one of "
          "checkpoints by //eval:swa");
  }
  return absl::InternalError("not one of the weights");
}

}  // namespace

std::string_view WeightsName(Weights weights) {
  switch (weights) {
    case Weights::kModel:
      return "model";
    case Weights::kEma:
      return "ema";
    case Weights::kSwa:
      return "swa";
  }
  return "";
}

absl::StatusOr<Weights> ParseWeights(std::string_view name) {
  for (const Weights weights : {Weights::kModel, Weights::kEma, Weights::kSwa}) {
    if (name == WeightsName(weights)) return weights;
  }
  return absl::InvalidArgumentError(absl::StrCat("must be model, ema or swa, is '", name, "'"));
}

absl::StatusOr<SavedWeights> ReadWeights(const std::filesystem::path& path, Weights weights) {
  if (weights != Weights::kModel && IsWeightFiles(path)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path.string(),
        ": weights of another package, which has no averages of them; take its model"));
  }
  ASSIGN_OR_RETURN(Checkpoint checkpoint,
                   weights == Weights::kModel ? OpenModel(path) : ReadCheckpoint(path));
  ASSIGN_OR_RETURN(TensorMap tensors, Annotate(Take(weights, &checkpoint), path.string()));
  return SavedWeights{std::move(checkpoint.manifest), std::move(tensors)};
}

absl::Status CheckClassNames(const CheckpointManifest& manifest) {
  const int names = manifest.class_names_size(), classes = manifest.config().model().num_classes();
  if (names == classes) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("names ", names, " classes of a model of ", classes,
                                          "; it was not made by //train"));
}

bool HasHead(const CheckpointManifest& manifest) {
  return !manifest.classes_are_nameless() || manifest.config().model().num_classes() > 1;
}

absl::StatusOr<VisionTransformer> RestoreModel(const ModelConfig& config, const TensorMap& weights,
                                               at::Device device) {
  ASSIGN_OR_RETURN(VisionTransformer model, VisionTransformer::Create(config, /*seed=*/0));
  RETURN_IF_ERROR(model.Load(weights));
  return device.is_cpu() ? std::move(model) : model.Clone(device);
}

}  // namespace vitrine
