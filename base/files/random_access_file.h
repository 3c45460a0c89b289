// A file that is too large to be read whole.
//
//   ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open("train.pack"));
//   ASSIGN_OR_RETURN(const std::string end, file.Read(file.size() - 16, 16));

#ifndef BASE_FILES_RANDOM_ACCESS_FILE_H_
#define BASE_FILES_RANDOM_ACCESS_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/files/file_descriptor.h"

namespace vitrine {

// Reads with system calls rather than through a mapping, so that a file that shrinks or a disk that
// fails is an error and not the end of the process. Thread-safe. Errors name the path.
class RandomAccessFile {
 public:
  static absl::StatusOr<RandomAccessFile> Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  // When it was opened.
  int64_t size() const { return opened_.size; }

  // OutOfRange if these bytes do not all lie within the file.
  absl::StatusOr<std::string> Read(int64_t offset, int64_t length) const;

 private:
  RandomAccessFile(std::filesystem::path path, RegularFile opened)
      : path_(std::move(path)), opened_(std::move(opened)) {}

  std::filesystem::path path_;
  RegularFile opened_;
};

}  // namespace vitrine

#endif  // BASE_FILES_RANDOM_ACCESS_FILE_H_
