#include "base/files/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBuffer = size_t{1} << 20;

}  // namespace

absl::StatusOr<FileWriter> FileWriter::Create(const fs::path& path) {
  Partial partial(path);
  const fs::path& temporary = partial.path();
  FileDescriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(temporary.string(), ": cannot create"));
  }
  return FileWriter(path, std::move(partial), std::move(file));
}

FileWriter::FileWriter(fs::path path, Partial partial, FileDescriptor file)
    : path_(std::move(path)), partial_(std::move(partial)), file_(std::move(file)) {}

absl::Status FileWriter::Append(std::string_view bytes) {
  CHECK(!partial_.path().empty() && !complete_) << "nothing is added to what is complete";
  buffer_.append(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  return buffer_.size() < kBuffer ? absl::OkStatus() : Flush();
}

absl::Status FileWriter::ReplaceStart(std::string_view bytes) {
  CHECK(!partial_.path().empty() && !complete_) << "nothing is replaced in what is complete";
  CHECK_LE(static_cast<int64_t>(bytes.size()), size_);
  RETURN_IF_ERROR(Flush());
  if (lseek(file_.get(), 0, SEEK_SET) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(partial_.path().string(), ": cannot seek"));
  }
  RETURN_IF_ERROR(WriteAll(file_, partial_.path(), bytes));
  if (lseek(file_.get(), 0, SEEK_END) != size_) {
    return absl::ErrnoToStatus(errno, absl::StrCat(partial_.path().string(), ": cannot seek"));
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Flush() {
  RETURN_IF_ERROR(WriteAll(file_, partial_.path(), buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status FileWriter::Complete() {
  if (complete_) return absl::OkStatus();
  RETURN_IF_ERROR(Flush());
  if (fsync(file_.get()) != 0 || file_.Close() != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(partial_.path().string(), ": cannot write"));
  }
  complete_ = true;
  return absl::OkStatus();
}

absl::Status FileWriter::Commit() {
  CHECK(!partial_.path().empty()) << "Commit comes once";
  RETURN_IF_ERROR(Complete());
  if (!partial_.Commit()) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path_.string(), ": cannot be put in place"));
  }
  return SyncFolder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

}  // namespace vitrine
