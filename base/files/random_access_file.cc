#include "base/files/random_access_file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace vitrine {

absl::StatusOr<RandomAccessFile> RandomAccessFile::Open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(RegularFile opened, OpenRegularFile(path));
  return RandomAccessFile(path, std::move(opened));
}

absl::StatusOr<std::string> RandomAccessFile::Read(int64_t offset, int64_t length) const {
  const auto out_of_range = [&] {
    return absl::OutOfRangeError(absl::StrCat(path_.string(), ": ends before the ", length,
                                              " bytes at ", offset, " that it should hold"));
  };
  if (offset < 0 || length < 0 || offset > size() || length > size() - offset) {
    return out_of_range();
  }
  std::string bytes(length, '\0');
  int64_t done = 0;
  while (done < length) {
    const ssize_t n = pread(opened_.file.get(), bytes.data() + done, length - done, offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path_.string(), ": cannot read"));
    if (n == 0) return out_of_range();  // the file shrank meanwhile
    done += n;
  }
  return bytes;
}

}  // namespace vitrine
