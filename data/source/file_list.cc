#include "data/source/file_list.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/list_flag.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

bool IsImageName(const fs::path& path) {
  const std::string ending = absl::AsciiStrToLower(path.extension().string());
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

absl::StatusOr<std::vector<fs::path>> ListFolder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // a link to nothing is no file
    if (IsImageName(entry->path()) && entry->is_regular_file(ignored)) {
      files.push_back(entry->path());
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), folder.string());
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": no .jpg, .jpeg or .png in it"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

absl::StatusOr<std::vector<fs::path>> ListImageFiles(std::string_view flag,
                                                     std::string_view value) {
  ASSIGN_OR_RETURN(const std::vector<std::string_view> names, SplitListFlag(flag, value));
  std::vector<fs::path> files;
  for (const std::string_view name : names) {
    const fs::path path = UserPath(name);
    if (!Exists(path)) {
      return absl::NotFoundError(absl::StrCat(path.string(), ": no such file or folder"));
    }
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    ASSIGN_OR_RETURN(const std::vector<fs::path> of_folder, ListFolder(path));
    files.insert(files.end(), of_folder.begin(), of_folder.end());
  }
  return files;
}

}  // namespace vitrine
