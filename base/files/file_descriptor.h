// Owns an open file of the operating system.

#ifndef BASE_FILES_FILE_DESCRIPTOR_H_
#define BASE_FILES_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

// Of an open() that failed it holds the -1.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }

  // For those who close it themselves.
  int Release() { return std::exchange(fd_, -1); }

  // close() is where a network file system reports a failed write.
  int Close() { return close(Release()); }

 private:
  int fd_;
};

struct RegularFile {
  FileDescriptor file;
  int64_t size;  // bytes, when it was opened
};

// For reading. InvalidArgument for folders, pipes, devices; opening a pipe does not wait for
// somebody who writes into it. Errors name the path.
absl::StatusOr<RegularFile> OpenRegularFile(const std::filesystem::path& path);

// All of the bytes, however many the system takes at once. Errors name the path.
absl::Status WriteAll(const FileDescriptor& file, const std::filesystem::path& path,
                      std::string_view bytes);

}  // namespace vitrine

#endif  // BASE_FILES_FILE_DESCRIPTOR_H_
