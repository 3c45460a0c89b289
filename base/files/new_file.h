// Files that a program makes for its user: whether they can be, before it computes for hours, and
// one that is there whole or not at all.

#ifndef BASE_FILES_NEW_FILE_H_
#define BASE_FILES_NEW_FILE_H_

#include <filesystem>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace vitrine {

// AlreadyExists if the path is taken.
absl::Status CheckIsNew(const std::filesystem::path& path);

// FailedPrecondition if no file can be there: the path is a folder's, or its folder is not there.
absl::Status CheckCanBeFile(const std::filesystem::path& path);

// Puts a file where none is. `write` makes it under another name beside that. Errors are those of
// the two above and of `write`.
absl::Status WriteNewFile(const std::filesystem::path& path,
                          absl::FunctionRef<absl::Status(const std::filesystem::path&)> write);

}  // namespace vitrine

#endif  // BASE_FILES_NEW_FILE_H_
