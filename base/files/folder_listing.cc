#include "base/files/folder_listing.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"

namespace vitrine {

namespace fs = std::filesystem;
namespace {

// So are folders that archives of macOS and disks of Synology have in each folder.
bool IsHidden(std::string_view name) {
  return absl::StartsWith(name, ".") || name == "__MACOSX" || name == "@eaDir";
}

}  // namespace

absl::StatusOr<std::vector<FolderEntry>> ListFolder(const fs::path& folder) {
  std::error_code error;
  std::vector<FolderEntry> entries;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (IsHidden(name)) continue;
    std::error_code ignored;
    entries.push_back({.name = std::move(name),
                       .is_folder = entry->is_directory(ignored),
                       .is_file = entry->is_regular_file(ignored)});
  }
  if (error) return absl::ErrnoToStatus(error.value(), folder.string());
  std::sort(entries.begin(), entries.end(),
            [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  return entries;
}

}  // namespace vitrine
