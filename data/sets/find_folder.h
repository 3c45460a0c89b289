// Where a data set's files are: in the folder that the user named, or in the data set's own in
// that.

#ifndef DATA_SETS_FIND_FOLDER_H_
#define DATA_SETS_FIND_FOLDER_H_

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace vitrine {

// The path, or the path with .gz, whichever is there; NotFound if neither is. What can't be looked
// at counts as being there: reading it says why it can't be.
absl::StatusOr<std::filesystem::path> FindPlainOrGzip(const std::filesystem::path& path);

// Of data_dir / own_folder and data_dir, in this order, the one that holds `marker`, plain or with
// .gz; NotFound if neither does, or data_dir is empty.
absl::StatusOr<std::filesystem::path> FindFolder(const std::filesystem::path& data_dir,
                                                 const std::string& own_folder,
                                                 const std::string& marker);

}  // namespace vitrine

#endif  // DATA_SETS_FIND_FOLDER_H_
