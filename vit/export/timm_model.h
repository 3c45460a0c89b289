// A model of ours as one of timm's VisionTransformer, or its VisionTransformerDistilled.

#ifndef VIT_EXPORT_TIMM_MODEL_H_
#define VIT_EXPORT_TIMM_MODEL_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/export/foreign_model.h"
#include "vit/model.pb.h"

namespace vitrine {

// An error that names the field that no model of timm has so.
absl::Status CheckTimm(const ModelConfig& config);

// The tensors of a model of the config as timm has them, with its heads or without, as timm's
// num_classes=0. Errors are those of CheckTimm, and FailedPrecondition if the tensors are not of
// the config.
absl::StatusOr<ForeignModel> ToTimm(const ModelConfig& config, TensorMap tensors,
                                    bool with_heads = true);

// Whether the tokens in front of the patches have a position there, or none of them
// (no_embed_class).
bool TimmPrefixHasPositions(const ModelConfig& config);

}  // namespace vitrine

#endif  // VIT_EXPORT_TIMM_MODEL_H_
