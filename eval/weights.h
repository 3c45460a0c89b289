// Which of a checkpoint's weights: those that were trained, or an average of them.

#ifndef EVAL_WEIGHTS_H_
#define EVAL_WEIGHTS_H_

#include <filesystem>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "train/checkpoint/checkpoint.h"
#include "vit/vision_transformer.h"

namespace vitrine {

enum class Weights { kModel, kEma, kSwa };

// "model", "ema" or "swa".
std::string_view WeightsName(Weights weights);

// The weights of this name; an error that lists the names if there are none.
absl::StatusOr<Weights> ParseWeights(std::string_view name);

struct SavedWeights {
  CheckpointManifest manifest;
  TensorMap tensors;  // float32
};

// These weights of the checkpoint. The optimizer, the larger part, is not read where it need not
// be. Errors are those of ReadCheckpoint, and FailedPrecondition if there is no such average.
absl::StatusOr<SavedWeights> ReadWeights(const std::filesystem::path& checkpoint, Weights weights);

// DataLoss if there is not a name for each class of the model.
absl::Status CheckClassNames(const CheckpointManifest& manifest);

// Whether the model tells classes apart: not one that was imported for its features alone.
bool HasHead(const CheckpointManifest& manifest);

// The model of this config with these weights, on the device. FailedPrecondition, with every
// difference, if they do not fit.
absl::StatusOr<VisionTransformer> RestoreModel(const ModelConfig& config, const TensorMap& weights,
                                               at::Device device);

}  // namespace vitrine

#endif  // EVAL_WEIGHTS_H_
