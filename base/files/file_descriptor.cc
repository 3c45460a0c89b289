#include "base/files/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace vitrine {

absl::StatusOr<RegularFile> OpenRegularFile(const std::filesystem::path& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot open"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": not a regular file"));
  }
  return RegularFile{std::move(file), info.st_size};
}

absl::Status WriteAll(const FileDescriptor& file, const std::filesystem::path& path,
                      std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot write"));
    bytes.remove_prefix(n);
  }
  return absl::OkStatus();
}

}  // namespace vitrine
