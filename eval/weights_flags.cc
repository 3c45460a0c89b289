#include "eval/weights_flags.h"

#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"

DEFINE_string(weights, "model", "model, or ema or swa for that average of the weights");

namespace vitrine {

absl::StatusOr<Weights> WeightsOfFlag() {
  return AsUsageError(Annotate(ParseWeights(FLAGS_weights), "--weights"));
}

}  // namespace vitrine
