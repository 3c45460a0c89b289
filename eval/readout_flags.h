// --tokens, --layer and --final_norm: which of a model's tokens a program takes.

#ifndef EVAL_READOUT_FLAGS_H_
#define EVAL_READOUT_FLAGS_H_

#include "absl/status/statusor.h"
#include "vit/model.pb.h"
#include "vit/readout.h"

namespace vitrine {

// A mistake in the flags (UsageError) if the model has no such tokens or layer.
absl::StatusOr<Readout> ReadoutOfFlags(const ModelConfig& config);

}  // namespace vitrine

#endif  // EVAL_READOUT_FLAGS_H_
