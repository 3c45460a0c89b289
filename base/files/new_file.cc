#include "base/files/new_file.h"

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/files/partial.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

absl::Status CheckIsNew(const fs::path& path) {
  if (!Exists(path)) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat(path.string(), " is there already; take another name"));
}

absl::Status CheckCanBeFile(const fs::path& path) {
  if (!path.has_filename() || IsFolder(path)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), " is the name of a folder; name a file"));
  }
  if (IsFolder(FolderOf(path))) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(FolderOf(path).string(), " is no folder; make it first, or name another"));
}

absl::Status WriteNewFile(const fs::path& path,
                          absl::FunctionRef<absl::Status(const fs::path&)> write) {
  RETURN_IF_ERROR(CheckCanBeFile(path));
  RETURN_IF_ERROR(CheckIsNew(path));
  Partial partial(path);
  RETURN_IF_ERROR(write(partial.path()));
  if (!partial.Commit()) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot create"));
  }
  return SyncFolder(FolderOf(path));
}

}  // namespace vitrine
