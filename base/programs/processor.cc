#include "base/programs/processor.h"

#include <cstdlib>

#include "ATen/Version.h"
#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

// Variables that choose other instructions or another order of sums. That of libtorch itself,
// ATEN_CPU_CAPABILITY, shows in what it says it has.
constexpr const char* kVariables[] = {
    "ONEDNN_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS",    "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",   "DNNL_CPU_ISA_HINTS",      "DNNL_DEFAULT_FPMATH_MODE",
    "MKL_CBWR",           "MKL_ENABLE_INSTRUCTIONS", "TORCH_LINEAR_FLATTEN_3D",
};

}  // namespace

bool HasAvx512() { return at::get_cpu_capability() == "AVX512"; }

// A processor with AMX has the instruction too.
bool HasBfloat16() { return __builtin_cpu_supports("avx512bf16") != 0; }

std::string CpuCapability() {
  std::string capability =
      absl::StrCat(at::get_cpu_capability(), HasBfloat16() ? ", bfloat16" : "");
  for (const char* variable : kVariables) {
    const char* value = std::getenv(variable);
    const bool is_set = value != nullptr && *value != '\0';
    if (is_set) absl::StrAppend(&capability, ", ", variable, "=", value);
  }
  return capability;
}

}  // namespace vitrine
