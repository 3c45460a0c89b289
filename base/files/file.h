// Files, whole or not at all. Every error names the path.

#ifndef BASE_FILES_FILE_H_
#define BASE_FILES_FILE_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace vitrine {

// Whether there is a file or folder that this process can see. std::filesystem's throws where it
// can't.
bool Exists(const std::filesystem::path& path);

// The bytes of a regular file.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);

// Writes the bytes and syncs them. The file may be half-written after a crash: use it for files
// inside a folder that is renamed when whole.
absl::Status WriteAndSync(const std::filesystem::path& path, std::string_view bytes);

// The same for bytes that lie in pieces, one after another.
absl::Status WriteAndSync(const std::filesystem::path& path,
                          absl::Span<const std::string_view> pieces);

// Where a file is written until it is whole: beside it, hidden, and of this process alone.
std::filesystem::path PartialPath(const std::filesystem::path& path);

// Replaces the file at once: after a crash at any moment it holds the old bytes or the new.
absl::Status WriteAtomically(const std::filesystem::path& path, std::string_view bytes);

// Makes a folder that was not there, whole or not at all: `fill` writes its files under another
// name beside it. AlreadyExists, before anything is written, if the path is taken.
absl::Status WriteNewFolder(const std::filesystem::path& path,
                            absl::FunctionRef<absl::Status(const std::filesystem::path&)> fill);

// Creates the folder and its parents.
absl::Status CreateFolder(const std::filesystem::path& path);

// Creates a folder that was not there, and its parents: the path, or where that is taken the path
// with "-2", "-3" ... behind it. No two processes get the same.
absl::StatusOr<std::filesystem::path> CreateNewFolder(const std::filesystem::path& path);

// Removes the file or folder with all that is in it; it need not be there.
absl::Status RemoveAll(const std::filesystem::path& path);

// Makes renames and new files in the folder last through a power cut.
absl::Status SyncFolder(const std::filesystem::path& path);

// A path that ends with the name of what it leads to, also if it was given as "NAME/" or ".".
std::filesystem::path WithName(const std::filesystem::path& path);

// A path as the user meant it. "~/" is the folder HOME: shells replace it at the start of a word,
// but not in --run_dir=~/runs. "~name/" is a folder of that name. A relative path is the user's:
// `bazel run` changes the working directory and leaves the user's in BUILD_WORKING_DIRECTORY. An
// empty path stays empty.
std::filesystem::path UserPath(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // BASE_FILES_FILE_H_
