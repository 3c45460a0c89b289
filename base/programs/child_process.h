// For tests: a program as a process of its own, which can be killed.
//
//   EXPECT_THAT(RunChild({"train/train", "--help"}).out, HasSubstr("usage"));
//   ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start({"train/train", "--dry_run"}));
//   EXPECT_EQ(child.Wait(), 0);
//   EXPECT_THAT(child.Out(), HasSubstr("parameters"));

#ifndef BASE_PROGRAMS_CHILD_PROCESS_H_
#define BASE_PROGRAMS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

class ChildProcess {
 public:
  // Starts the program, with no signal blocked or ignored; what it prints goes to files in the
  // test's own folder.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& command);

  ChildProcess(ChildProcess&& other) noexcept;
  ~ChildProcess();  // kills it if it still runs

  pid_t pid() const { return pid_; }
  void Signal(int signal);

  // Its exit status, or 128 + n if signal n ended it.
  int Wait();

  // What it has written so far.
  std::string Out() const;
  std::string Err() const;

 private:
  ChildProcess() = default;

  pid_t pid_ = -1;
  std::filesystem::path out_, err_;
};

// What a program that has come to its end leaves.
struct ChildResult {
  int status;
  std::string out, err;
};

// Runs it from start to end; one that cannot be started has status -1 and the reason in `err`.
ChildResult RunChild(const std::vector<std::string>& command);

}  // namespace vitrine

#endif  // BASE_PROGRAMS_CHILD_PROCESS_H_
