#include "eval/readout_flags.h"

#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"

DEFINE_string(tokens, "head",
              "head (what the head reads), class (the class token), mean (of the patches) or "
              "patches (all of them)");
DEFINE_int32(layer, -1, "of the tokens after so many blocks; -1: all blocks");
DEFINE_bool(final_norm, true, "apply the last LayerNorm, whatever the layer");

namespace vitrine {

absl::StatusOr<Readout> ReadoutOfFlags(const ModelConfig& config) {
  Readout readout = {.layer = FLAGS_layer, .final_norm = FLAGS_final_norm};
  ASSIGN_OR_RETURN(readout.tokens, AsUsageError(ParseTokens(FLAGS_tokens)));
  RETURN_IF_ERROR(AsUsageError(CheckReadout(config, readout)));
  return readout;
}

}  // namespace vitrine
