// A model of ours as one of transformers.

#ifndef VIT_EXPORT_TRANSFORMERS_MODEL_H_
#define VIT_EXPORT_TRANSFORMERS_MODEL_H_

#include <optional>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/export/foreign_model.h"
#include "vit/model.pb.h"

namespace vitrine {

enum class TransformersClass {
  kVit,                 // ViTForImageClassification
  kDeit,                // DeiTForImageClassification, whose second token no head reads
  kDeitWithTeacher,     // DeiTForImageClassificationWithTeacher
  kDinov2,              // Dinov2ForImageClassification
  kDinov2WithRegisters  // Dinov2WithRegistersForImageClassification
};

// The one that can compute what such a model does, or an error that names the field that none has
// so.
absl::StatusOr<TransformersClass> TransformersClassOf(const ModelConfig& config);

// How wide the MLP of DINOv2 is made, in widths of the model; nothing where no whole number makes
// it as wide as this one.
std::optional<int> Dinov2MlpRatio(const ModelConfig& config);

// The tensors of a model of the config as transformers has them, with its heads or without, as in
// the class's base model. Errors are those of TransformersClassOf, and FailedPrecondition if the
// tensors are not of the config.
absl::StatusOr<ForeignModel> ToTransformers(const ModelConfig& config, TensorMap tensors,
                                            bool with_heads = true);

}  // namespace vitrine

#endif  // VIT_EXPORT_TRANSFORMERS_MODEL_H_
