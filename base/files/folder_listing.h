// What lies in a folder.
//
//   ASSIGN_OR_RETURN(const std::vector<FolderEntry> entries, ListFolder("imagenette/train"));

#ifndef BASE_FILES_FOLDER_LISTING_H_
#define BASE_FILES_FOLDER_LISTING_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

struct FolderEntry {
  std::string name;
  bool is_folder, is_file;  // of a link what it leads to; neither of pipes, and of links to nothing
};

// Sorted by their names as bytes, which no locale changes; what is hidden is left out: a dot before
// the name, or a folder of metadata, __MACOSX or @eaDir. Kinds are those that the folder itself
// tells: nothing is opened or asked for each of a million files. NotFound if the folder is not
// there.
absl::StatusOr<std::vector<FolderEntry>> ListFolder(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // BASE_FILES_FOLDER_LISTING_H_
