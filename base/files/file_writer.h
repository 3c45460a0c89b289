// Writes a large file piece by piece; at its place it appears whole or not at all.
//
//   ASSIGN_OR_RETURN(FileWriter writer, FileWriter::Create("train.pack"));
//   RETURN_IF_ERROR(writer.Append(bytes));
//   RETURN_IF_ERROR(writer.Commit());

#ifndef BASE_FILES_FILE_WRITER_H_
#define BASE_FILES_FILE_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/file_descriptor.h"
#include "base/files/partial.h"

namespace vitrine {

// Errors name the path. A writer that goes away before Commit leaves nothing behind.
class FileWriter {
 public:
  static absl::StatusOr<FileWriter> Create(const std::filesystem::path& path);

  // Bytes so far.
  int64_t size() const { return size_; }

  absl::Status Append(std::string_view bytes);

  // Replaces the first bytes, of which there are so many: for a header that counts what follows.
  absl::Status ReplaceStart(std::string_view bytes);

  // Writes the rest and syncs. Nothing can be added afterwards, and little can fail: for those who
  // put several files in place, or none.
  absl::Status Complete();

  // Complete(), where that has not been, then renames, over a file that is there.
  absl::Status Commit();

 private:
  FileWriter(std::filesystem::path path, Partial partial, FileDescriptor file);

  absl::Status Flush();

  std::filesystem::path path_;
  Partial partial_;
  FileDescriptor file_;
  std::string buffer_;
  int64_t size_ = 0;
  bool complete_ = false;
};

}  // namespace vitrine

#endif  // BASE_FILES_FILE_WRITER_H_
