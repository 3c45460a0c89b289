// Data sets that are kept as image files, in any of the layouts that there are.
//
//   ASSIGN_OR_RETURN(const LoadedSet set,
//                    OpenImageFiles(FileLayout::kFolders, DataConfig(), "imagenette"));

#ifndef DATA_SETS_IMAGE_FILES_H_
#define DATA_SETS_IMAGE_FILES_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/sets/given_parts.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// The parts that the folder gives, called by the folder's name. Where train, validation and test
// are given, validation is minival; of two, the one beside train is test. A test part without
// labels is not used. Of the config the fields about how files are read count.
//
// NotFound if there is no training part; InvalidArgument if the parts have not the same classes,
// and as FindParts.
absl::StatusOr<LoadedSet> OpenImageFiles(FileLayout layout, const DataConfig& config,
                                         const std::filesystem::path& folder);

// The same in whatever layout there is.
absl::StatusOr<LoadedSet> OpenImageFiles(const DataConfig& config,
                                         const std::filesystem::path& folder);

// The user's own images in each of the layouts.
absl::StatusOr<LoadedSet> LoadImageFolders(const DataConfig& config,
                                           const std::filesystem::path& folder);
absl::StatusOr<LoadedSet> LoadParquet(const DataConfig& config,
                                      const std::filesystem::path& folder);
absl::StatusOr<LoadedSet> LoadPacked(const DataConfig& config, const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SETS_IMAGE_FILES_H_
