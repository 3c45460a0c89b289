// Image files as a user names them.

#ifndef DATA_SOURCE_FILE_LIST_H_
#define DATA_SOURCE_FILE_LIST_H_

#include <filesystem>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// The files that the flag names with commas between them (SplitListFlag), relative to the user's
// folder (UserPath), and of folders all JPEG and PNG files that are in them or in folders below, by
// their names or first bytes, sorted by path; a warning counts the others. NotFound for a name that
// is not there, and for a folder without such a file.
absl::StatusOr<std::vector<std::filesystem::path>> ListImageFiles(std::string_view flag,
                                                                  std::string_view value);

}  // namespace vitrine

#endif  // DATA_SOURCE_FILE_LIST_H_
