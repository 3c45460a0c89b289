#include "eval/precision_flags.h"

#include "base/programs/program.h"
#include "gflags/gflags.h"

DEFINE_string(precision, "FP32", "FP32, or BF16: products of rounded operands, in less time");

namespace vitrine {

absl::StatusOr<at::ScalarType> PrecisionOfFlag() {
  if (FLAGS_precision == "FP32") return at::kFloat;
  if (FLAGS_precision == "BF16") return at::kBFloat16;
  return UsageError("--precision: FP32 or BF16");
}

}  // namespace vitrine
