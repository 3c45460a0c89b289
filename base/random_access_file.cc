#include "base/random_access_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

absl::StatusOr<RandomAccessFile> RandomAccessFile::Open(const std::filesystem::path& path) {
  // Not blocking: opening a pipe would wait for somebody to write into it.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot open"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": not a regular file"));
  }
  return RandomAccessFile(path, std::move(file), info.st_size);
}

absl::StatusOr<std::string> RandomAccessFile::Read(int64_t offset, int64_t length) const {
  const auto out_of_range = [&] {
    return absl::OutOfRangeError(absl::StrCat(path_.string(), ": ends before the ", length,
                                              " bytes at ", offset, " that it should hold"));
  };
  if (offset < 0 || length < 0 || offset > size_ || length > size_ - offset) return out_of_range();
  std::string bytes(length, '\0');
  int64_t done = 0;
  while (done < length) {
    const ssize_t n = pread(file_.get(), bytes.data() + done, length - done, offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path_.string(), ": cannot read"));
    if (n == 0) return out_of_range();  // the file shrank meanwhile
    done += n;
  }
  return bytes;
}

}  // namespace vitrine
