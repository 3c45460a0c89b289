// The forward pass that timm's config.json names, where tensors do not tell it.

#ifndef TRAIN_CHECKPOINT_TIMM_MODEL_H_
#define TRAIN_CHECKPOINT_TIMM_MODEL_H_

#include "train/checkpoint/json_fields.h"
#include "vit/model.pb.h"

namespace vitrine {

// Sets heads, activation, pooling and epsilon where they follow. What ours has not, or what is not
// known here and may change the model, is refused in the fields.
void AddTimmModel(JsonFields* fields, ModelConfig* model);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_TIMM_MODEL_H_
