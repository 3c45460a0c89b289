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

absl::Status CheckIsNoPicture(const fs::path& path) {
  if (!IsPicture(path)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path.string(), ": lies outside the folders of classes; put it into that of its class"));
}

}  // namespace

absl::StatusOr<ImageFolder> OpenImageFolder(const fs::path& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, SortedNames(folder));
  ImageFolder result;
  std::vector<FolderSource::File> files;
  for (const std::string& name : names) {
    std::error_code error;
    if (!fs::is_directory(folder / name, error)) {
      RETURN_IF_ERROR(CheckIsNoPicture(folder / name));
      result.passed_over.Add(folder / name);
      continue;
    }
    ASSIGN_OR_RETURN(PictureFiles of_class, FindPictures(folder / name, Unreadable::kTaken));
    const auto label = static_cast<int32_t>(result.class_names.size());
    for (std::string& file : of_class.names) files.push_back({label, std::move(file)});
    result.class_names.push_back(name);
    result.passed_over.Add(of_class.passed_over);
  }
  if (files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        folder.string(), ": holds no images; they belong into a folder for each class"));
  }
  result.images = std::make_shared<FolderSource>(folder, result.class_names, std::move(files));
  return result;
}

}  // namespace vitrine
