// What the config says of single parameters, by their names.

#ifndef TRAIN_UPDATE_PARAMETER_RULES_H_
#define TRAIN_UPDATE_PARAMETER_RULES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "train/settings/experiment.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Whether the rule decays a parameter of this name and number of dimensions.
bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions);

// Whether the parameter is the weight of a linear layer inside a block, which Muon takes. Embedding
// and head are matrices too, but Jordan et al. found AdamW better for the first and the last layer.
bool IsHiddenMatrix(std::string_view name, int64_t dimensions);

// What its learning rate is multiplied by, in a model of so many blocks. The layers of layer_decay
// are the embedding with the tokens, each block, and the last norm with the head.
double LearningRateFactor(const OptimizerConfig& config, std::string_view name, int64_t depth);

// The parameters that are not frozen. InvalidArgument if a pattern matches none, or all are frozen.
absl::StatusOr<std::vector<NamedParameter>> Trained(const OptimizerConfig& config,
                                                    const std::vector<NamedParameter>& parameters);

}  // namespace vitrine

#endif  // TRAIN_UPDATE_PARAMETER_RULES_H_
