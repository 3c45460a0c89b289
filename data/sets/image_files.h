// Data sets that are kept as image files: where their parts are, in each of the layouts that there
// are.
//
//   ASSIGN_OR_RETURN(const ImageFiles files, OpenImageFiles(FileLayout::kFolders, "imagenette"));

#ifndef DATA_SETS_IMAGE_FILES_H_
#define DATA_SETS_IMAGE_FILES_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/sets/loaded_set.h"
#include "data/source/image_source.h"

namespace vitrine {

enum class FileLayout {
  kFolders,  // train/CLASS/FILE and val/CLASS/FILE, or validation/ or test/ in place of val/
  kParquet,  // train-*.parquet and validation-*.parquet (or test-*), there or in data/
  kPacked,   // train.pack and test.pack
};

struct ImageFiles {
  std::vector<std::string> class_names;
  std::shared_ptr<const ImageSource> train, test;
};

// The quickest layout that the folder has.
std::optional<FileLayout> FindLayout(const std::filesystem::path& folder);

// Both parts, in any layout. NotFound if the folder has none.
absl::StatusOr<ImageFiles> OpenImageFiles(const std::filesystem::path& folder);

// Both parts. NotFound if one is not there; InvalidArgument if they have not the same classes, or
// if of shards that say how many they are (-00000-of-00017) one is missing.
absl::StatusOr<ImageFiles> OpenImageFiles(FileLayout layout, const std::filesystem::path& folder);

// As a data set of this name.
LoadedSet FromFiles(std::string name, ImageFiles files);

// The user's own images in each of the layouts, called by their folder.
absl::StatusOr<LoadedSet> LoadImageFolders(const std::filesystem::path& folder);
absl::StatusOr<LoadedSet> LoadParquet(const std::filesystem::path& folder);
absl::StatusOr<LoadedSet> LoadPacked(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SETS_IMAGE_FILES_H_
