// Keeps other processes out of a folder.
//
//   ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(run_dir));

#ifndef BASE_FILES_FOLDER_LOCK_H_
#define BASE_FILES_FOLDER_LOCK_H_

#include <filesystem>

#include "absl/status/statusor.h"

namespace vitrine {

// Held as long as it lives, and by one process at a time. The lock is on the folder itself, so
// there is no lock file that a killed process could leave behind.
class FolderLock {
 public:
  // Creates the folder if need be. Does not wait: kFailedPrecondition if another process has it.
  static absl::StatusOr<FolderLock> Acquire(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace vitrine

#endif  // BASE_FILES_FOLDER_LOCK_H_
