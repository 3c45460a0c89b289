#include "base/processor.h"

#include <algorithm>
#include <thread>

#include "ATen/Version.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

int ProcessorCount() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

// A processor with AMX has the instruction too.
bool HasBfloat16() { return __builtin_cpu_supports("avx512bf16") != 0; }

std::string CpuCapability() {
  return absl::StrCat(at::get_cpu_capability(), HasBfloat16() ? ", bfloat16" : "");
}

}  // namespace vitrine
