// --weights, the same in every program that opens a trained model.

#ifndef EVAL_WEIGHTS_FLAGS_H_
#define EVAL_WEIGHTS_FLAGS_H_

#include "absl/status/statusor.h"
#include "eval/weights.h"
#include "gflags/gflags_declare.h"

DECLARE_string(weights);

namespace vitrine {

// An error is a mistake in the flag (UsageError).
absl::StatusOr<Weights> WeightsOfFlag();

}  // namespace vitrine

#endif  // EVAL_WEIGHTS_FLAGS_H_
