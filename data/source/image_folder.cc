#include "data/source/image_folder.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/files/folder_listing.h"
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

absl::Status CheckIsNoPicture(const fs::path& path) {
  if (!IsPicture(path)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path.string(), ": lies outside the folders of classes; put it into that of its class"));
}

}  // namespace

absl::StatusOr<ImageFolder> OpenImageFolder(const fs::path& folder) {
  ASSIGN_OR_RETURN(const std::vector<FolderEntry> entries, ListFolder(folder));
  ImageFolder result;
  std::vector<FolderSource::File> files;
  for (const FolderEntry& entry : entries) {
    const fs::path path = folder / entry.name;
    if (!entry.is_folder) {
      RETURN_IF_ERROR(CheckIsNoPicture(path));
      result.passed_over.Add(path);
      continue;
    }
    ASSIGN_OR_RETURN(PictureFiles of_class, FindPictures(path, Unreadable::kTaken));
    const auto label = static_cast<int32_t>(result.class_names.size());
    for (std::string& file : of_class.names) files.push_back({label, std::move(file)});
    result.class_names.push_back(entry.name);
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
