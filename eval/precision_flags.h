// --precision, the same in every program that runs a trained model.

#ifndef EVAL_PRECISION_FLAGS_H_
#define EVAL_PRECISION_FLAGS_H_

#include "absl/status/statusor.h"
#include "c10/core/ScalarType.h"
#include "gflags/gflags_declare.h"

DECLARE_string(precision);

namespace vitrine {

// The type of the products' operands (InferenceModel). An error is a mistake in the flag
// (UsageError).
absl::StatusOr<at::ScalarType> PrecisionOfFlag();

}  // namespace vitrine

#endif  // EVAL_PRECISION_FLAGS_H_
