#include "base/parallel/own_gpu.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace vitrine {
namespace {

constexpr char kVisible[] = "CUDA_VISIBLE_DEVICES";
constexpr std::string_view kDevice = "nvidia";

// CUDA takes what comes before the first that it can't take.
std::vector<std::string> Listed(const std::string& text) {
  std::vector<std::string> gpus = absl::StrSplit(text, ',');
  for (std::string& gpu : gpus) absl::StripAsciiWhitespace(&gpu);
  const auto is_none = [](const std::string& gpu) { return gpu.empty() || gpu[0] == '-'; };
  gpus.erase(std::find_if(gpus.begin(), gpus.end(), is_none), gpus.end());
  return gpus;
}

// /dev/nvidia0 and so on: CUDA itself would settle what it sees as soon as it is asked.
int CountGpus() {
  int count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename();
    count += name.size() > kDevice.size() && name.starts_with(kDevice) &&
             std::all_of(name.begin() + kDevice.size(), name.end(), absl::ascii_isdigit);
  }
  return count;
}

}  // namespace

std::string OwnGpu(int local_rank, const Variables& variables, int gpus) {
  const auto set = variables.find(kVisible);
  if (set == variables.end()) return gpus == 0 ? "" : absl::StrCat(local_rank % gpus);
  const std::vector<std::string> visible = Listed(set->second);
  return visible.empty() ? "" : visible[local_rank % visible.size()];
}

void SeeOwnGpuOnly(const LaunchEnvironment& environment) {
  if (environment.size == 1) return;
  const std::string gpu = OwnGpu(environment.local_rank, EnvironmentVariables(), CountGpus());
  if (!gpu.empty()) setenv(kVisible, gpu.c_str(), /*replace=*/1);
}

}  // namespace vitrine
