#include "base/files/partial.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files/file.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Neither has a destructor that runs: a thread may write while the process ends.
std::mutex& mutex = *new std::mutex;
std::vector<fs::path>& paths = *new std::vector<fs::path>;

void Forget(const fs::path& path) {
  const std::lock_guard lock(mutex);
  paths.erase(std::find(paths.begin(), paths.end(), path));
}

void Remove(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
}

}  // namespace

Partial::Partial(const fs::path& target) : target_(target), path_(PartialPath(target)) {
  const std::lock_guard lock(mutex);
  paths.push_back(path_);
}

Partial::Partial(Partial&& other) noexcept
    : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}

Partial::~Partial() {
  if (path_.empty()) return;
  Remove(path_);
  Forget(path_);
}

bool Partial::Commit() {
  if (std::rename(path_.c_str(), target_.c_str()) != 0) return false;
  Forget(path_);
  path_.clear();
  return true;
}

void RemovePartials() {
  const std::lock_guard lock(mutex);
  for (const fs::path& path : paths) Remove(path);
}

}  // namespace vitrine
