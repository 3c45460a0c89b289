// Where a data set's files are: in the folder that the user named, or in the data set's own in
// that.

#ifndef DATA_SETS_FIND_FOLDER_H_
#define DATA_SETS_FIND_FOLDER_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// The folder's file of the first of these names that is there, plain or with .gz; NotFound if none
// is. What can't be looked at counts as being there: reading it says why it can't be. A folder is
// no file.
absl::StatusOr<std::filesystem::path> FindPlainOrGzip(const std::filesystem::path& folder,
                                                      const std::vector<std::string>& names);

// Of data_dir / own_folder and data_dir, in this order, the one that holds a file of one of these
// names, plain or with .gz; NotFound if neither does, or data_dir is empty.
absl::StatusOr<std::filesystem::path> FindFolder(const std::filesystem::path& data_dir,
                                                 const std::string& own_folder,
                                                 const std::vector<std::string>& markers);

}  // namespace vitrine

#endif  // DATA_SETS_FIND_FOLDER_H_
