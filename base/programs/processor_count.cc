#include "base/programs/processor_count.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int kNoQuota = std::numeric_limits<int>::max();

// Empty if it can't be read.
std::string Contents(const fs::path& path) {
  std::ostringstream contents;
  contents << std::ifstream(path).rdbuf();
  return contents.str();
}

int64_t Number(std::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

int Processors(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return kNoQuota;
  return static_cast<int>(std::clamp<int64_t>(quota / period, 1, kNoQuota));
}

// Of one control group alone, by whichever version's files are there.
int QuotaOf(const fs::path& group) {
  // "100000 50000" or "max 50000"
  const std::vector<std::string> limit =
      absl::StrSplit(Contents(group / "cpu.max"), absl::ByAnyChar(" \n"));
  if (limit.size() >= 2) return Processors(Number(limit[0]), Number(limit[1]));
  return Processors(Number(Contents(group / "cpu.cfs_quota_us")),
                    Number(Contents(group / "cpu.cfs_period_us")));
}

bool HasCpu(std::string_view controllers) {
  return absl::c_linear_search(absl::StrSplit(controllers, ','), "cpu");
}

// The path of this process's group in a hierarchy, from the lines "id:controllers:path"; that of
// the second version has the id 0 and names no controllers.
std::string GroupPath(const fs::path& root, bool is_second_version) {
  for (const std::string_view line : absl::StrSplit(Contents(root / "proc/self/cgroup"), '\n')) {
    const std::vector<std::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() < 3) continue;
    if (is_second_version ? fields[0] == "0" : HasCpu(fields[1])) return std::string(fields[2]);
  }
  return "/";
}

// A hierarchy of groups as it is mounted: `group` of it lies at `point`.
struct Mount {
  bool is_second_version;
  std::string group, point;
};

// From the lines "id parent device group point options ... - type source options".
std::vector<Mount> Mounts(const fs::path& root) {
  std::vector<Mount> mounts;
  for (const std::string_view line : absl::StrSplit(Contents(root / "proc/self/mountinfo"), '\n')) {
    const std::vector<std::string_view> fields = absl::StrSplit(line, ' ');
    const auto dash = absl::c_find(fields, "-");
    if (fields.size() < 5 || fields.end() - dash < 4) continue;
    const bool is_second_version = dash[1] == "cgroup2";
    if (!is_second_version && (dash[1] != "cgroup" || !HasCpu(dash[3]))) continue;
    mounts.push_back({is_second_version, std::string(fields[3]), std::string(fields[4])});
  }
  return mounts;
}

// The folder of the process's group, as a path below the mount point. In a container the group may
// have a name there that is not to be seen here; then it is what is mounted.
fs::path FolderBelow(const Mount& mount, std::string_view group) {
  const fs::path below = fs::path(group).lexically_relative(mount.group);
  return !below.empty() && *below.begin() == ".." ? fs::path() : below;
}

}  // namespace

int CpuQuota(const fs::path& root) {
  int quota = kNoQuota;
  for (const Mount& mount : Mounts(root)) {
    const fs::path top = root / fs::path(mount.point).relative_path();
    const fs::path below = FolderBelow(mount, GroupPath(root, mount.is_second_version));
    quota = std::min(quota, QuotaOf(top));
    fs::path group = top;
    for (const fs::path& name : below) quota = std::min(quota, QuotaOf(group /= name));
  }
  return quota;
}

int ProcessorCount() {
  int count = static_cast<int>(std::thread::hardware_concurrency());
  for (size_t most = 1024;; most *= 2) {
    cpu_set_t* const set = CPU_ALLOC(most);
    const size_t size = CPU_ALLOC_SIZE(most);
    const bool is_read = sched_getaffinity(0, size, set) == 0;
    const bool is_small = !is_read && errno == EINVAL;
    if (is_read) count = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (!is_small) break;
  }
  return std::max(1, std::min(count, CpuQuota()));
}

}  // namespace vitrine
