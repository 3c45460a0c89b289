// What is written under another name until it is whole, and is gone if it never is.
//
//   Partial partial(path);
//   ...                       // writes partial.path()
//   RETURN_IF_ERROR(partial.Commit());

#ifndef BASE_FILES_PARTIAL_H_
#define BASE_FILES_PARTIAL_H_

#include <filesystem>

namespace vitrine {

// A file or a folder, which need not be there: beside its target, hidden, and of this process
// alone.
class Partial {
 public:
  explicit Partial(const std::filesystem::path& target);
  Partial(Partial&& other) noexcept;

  // Removes it if it was not committed. Errors that come before it are the ones to report.
  ~Partial();

  // Empty once it is committed.
  const std::filesystem::path& path() const { return path_; }

  // Renames it to the target, over a file that is there. False, with errno, if that can't be.
  bool Commit();

 private:
  std::filesystem::path target_, path_;
};

// Removes all that this process has not committed, for one that a signal ends. From now on there
// should be no others.
void RemovePartials();

}  // namespace vitrine

#endif  // BASE_FILES_PARTIAL_H_
