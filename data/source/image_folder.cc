#include "data/source/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

class FolderSource final : public ImageSource {
 public:
  struct File {
    int32_t label;
    std::string name;
  };

  FolderSource(fs::path folder, std::vector<std::string> class_names, std::vector<File> files)
      : folder_(std::move(folder)),
        class_names_(std::move(class_names)),
        files_(std::move(files)) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  int64_t Label(int64_t index) const override { return files_.at(index).label; }
  std::string Name(int64_t index) const override { return PathOf(index).string(); }

  absl::StatusOr<StoredImage> Read(int64_t index) const override {
    ASSIGN_OR_RETURN(std::string bytes, ReadFile(PathOf(index)));
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    return EncodedBytes{.bytes = *owner, .owner = owner};
  }

 private:
  fs::path PathOf(int64_t index) const {
    const File& file = files_.at(index);
    return folder_ / class_names_[file.label] / file.name;
  }

  fs::path folder_;
  std::vector<std::string> class_names_;
  std::vector<File> files_;
};

// The names in a folder, sorted as bytes, which no locale changes; those that begin with a dot are
// left out.
absl::StatusOr<std::vector<std::string>> SortedNames(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!absl::StartsWith(name, ".")) names.push_back(std::move(name));
  }
  if (error) {
    const std::string message = absl::StrCat(folder.string(), ": ", error.message());
    return error == std::errc::no_such_file_or_directory ? absl::NotFoundError(message)
                                                         : absl::InvalidArgumentError(message);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status CheckIsFolder(const fs::path& path, bool wanted) {
  std::error_code error;
  if (fs::is_directory(path, error) == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path.string(), wanted ? ": is not the folder of a class; only such may lie here"
                            : ": is a folder; a class's folder may hold image files only"));
}

absl::StatusOr<std::vector<FolderSource::File>> ListFiles(const fs::path& class_folder,
                                                          int32_t label) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, SortedNames(class_folder));
  std::vector<FolderSource::File> files;
  for (std::string& name : names) {
    RETURN_IF_ERROR(CheckIsFolder(class_folder / name, false));
    files.push_back({label, std::move(name)});
  }
  return files;
}

}  // namespace

absl::StatusOr<ImageFolder> OpenImageFolder(const fs::path& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> classes, SortedNames(folder));
  std::vector<FolderSource::File> files;
  for (size_t label = 0; label < classes.size(); ++label) {
    const fs::path class_folder = folder / classes[label];
    RETURN_IF_ERROR(CheckIsFolder(class_folder, true));
    ASSIGN_OR_RETURN(std::vector<FolderSource::File> of_class,
                     ListFiles(class_folder, static_cast<int32_t>(label)));
    std::move(of_class.begin(), of_class.end(), std::back_inserter(files));
  }
  if (files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        folder.string(), ": holds no images; they belong into a folder for each class"));
  }
  return ImageFolder{.class_names = classes,
                     .images = std::make_shared<FolderSource>(folder, classes, std::move(files))};
}

}  // namespace vitrine
