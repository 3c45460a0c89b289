// Owns an open file of the operating system.

#ifndef BASE_FILE_DESCRIPTOR_H_
#define BASE_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

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

  // close() is where a network file system reports a failed write.
  int Close() { return close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

}  // namespace vitrine

#endif  // BASE_FILE_DESCRIPTOR_H_
