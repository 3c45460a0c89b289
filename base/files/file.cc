#include "base/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files/file_descriptor.h"
#include "base/files/partial.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

absl::Status PathError(int error, const fs::path& path, std::string_view action) {
  return absl::ErrnoToStatus(error, absl::StrCat(path.string(), ": cannot ", action));
}

absl::Status IsThere(const fs::path& path) {
  return absl::AlreadyExistsError(
      absl::StrCat(path.string(), " is there already; take another name"));
}

}  // namespace

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  ASSIGN_OR_RETURN(const RegularFile opened, OpenRegularFile(path));
  std::string bytes(opened.size, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(opened.file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError(errno, path, "read");
    if (n == 0) break;  // the file shrank meanwhile
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

absl::Status WriteAndSync(const fs::path& path, std::string_view bytes) {
  return WriteAndSync(path, absl::MakeConstSpan(&bytes, 1));
}

absl::Status WriteAndSync(const fs::path& path, absl::Span<const std::string_view> pieces) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) return PathError(errno, path, "create");
  for (const std::string_view bytes : pieces) RETURN_IF_ERROR(WriteAll(file, path, bytes));
  if (fsync(file.get()) != 0) return PathError(errno, path, "sync");
  if (file.Close() != 0) return PathError(errno, path, "write");
  return absl::OkStatus();
}

fs::path PartialPath(const fs::path& path) {
  return path.parent_path() /
         absl::StrCat(".", path.filename().string(), ".", getpid(), ".partial");
}

absl::Status WriteAtomically(const fs::path& path, std::string_view bytes) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Partial partial(path);
  RETURN_IF_ERROR(WriteAndSync(partial.path(), bytes));
  if (!partial.Commit()) return PathError(errno, path, "replace");
  return SyncFolder(parent);
}

absl::Status WriteNewFolder(const fs::path& path,
                            absl::FunctionRef<absl::Status(const fs::path&)> fill) {
  if (Exists(path)) return IsThere(path);
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  RETURN_IF_ERROR(RemoveAll(PartialPath(path)));  // of an earlier process of this number
  Partial partial(path);
  RETURN_IF_ERROR(CreateFolder(partial.path()));
  RETURN_IF_ERROR(fill(partial.path()));
  RETURN_IF_ERROR(SyncFolder(partial.path()));
  if (!partial.Commit()) {
    const int error = errno;
    // Another process may have made it meanwhile.
    return Exists(path) ? IsThere(path) : PathError(error, path, "create the folder");
  }
  return SyncFolder(parent);
}

absl::Status CreateFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return PathError(error.value(), path, "create the folder");
  return absl::OkStatus();
}

absl::StatusOr<fs::path> CreateNewFolder(const fs::path& path) {
  if (path.has_parent_path()) RETURN_IF_ERROR(CreateFolder(path.parent_path()));
  fs::path taken = path;
  for (int i = 2; mkdir(taken.c_str(), 0777) != 0; ++i) {
    if (errno != EEXIST) return PathError(errno, taken, "create the folder");
    taken = absl::StrCat(path.string(), "-", i);
  }
  return taken;
}

absl::Status RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return PathError(error.value(), path, "remove");
  return absl::OkStatus();
}

absl::Status SyncFolder(const fs::path& path) {
  FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return PathError(errno, path, "open");
  if (fsync(folder.get()) != 0) return PathError(errno, path, "sync");
  return absl::OkStatus();
}

fs::path WithName(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (error || (path.has_filename() && path.filename() != "." && path.filename() != "..")) {
    return path;
  }
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

fs::path UserPath(const fs::path& path) {
  const std::string& text = path.native();
  const char* const home = std::getenv("HOME");
  if (home != nullptr && (text == "~" || absl::StartsWith(text, "~/"))) {
    return absl::StrCat(home, text.substr(1));
  }
  const char* const folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return folder == nullptr || path.empty() ? path : fs::path(folder) / path;
}

}  // namespace vitrine
