#include "data/source/file_list.h"

#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/list_flag.h"
#include "base/status_macros.h"
#include "data/source/picture_files.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::vector<fs::path>> ListFolder(const fs::path& folder, PassedOver* passed_over) {
  ASSIGN_OR_RETURN(const PictureFiles found, FindPictures(folder, Unreadable::kPassedOver));
  passed_over->Add(found.passed_over);
  std::vector<fs::path> files;
  for (const std::string& name : found.names) files.push_back(folder / name);
  if (!files.empty()) return files;
  return absl::NotFoundError(absl::StrCat(folder.string(), ": no JPEG or PNG file in it"));
}

}  // namespace

absl::StatusOr<std::vector<fs::path>> ListImageFiles(std::string_view flag,
                                                     std::string_view value) {
  ASSIGN_OR_RETURN(const std::vector<std::string_view> names, SplitListFlag(flag, value));
  std::vector<fs::path> files;
  PassedOver passed_over;
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
    ASSIGN_OR_RETURN(const std::vector<fs::path> of_folder, ListFolder(path, &passed_over));
    files.insert(files.end(), of_folder.begin(), of_folder.end());
  }
  WarnOfPassedOver(passed_over);
  return files;
}

}  // namespace vitrine
