#include "base/programs/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/file.h"
#include "base/programs/signals.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ProcessTest, ExitStatusAndErrorsComeBack) {
  ASSERT_OK_AND_ASSIGN(
      const ProcessResult result,
      RunProcess({"sh", "-c", "echo one >&2; echo two >&2; exit 3"}, Capture::kErr));
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.text, "one\ntwo\n");
}

TEST(ProcessTest, OutputAndErrorsComeBackInTheirOrder) {
  ASSERT_OK_AND_ASSIGN(
      const ProcessResult result,
      RunProcess({"sh", "-c", "echo one; echo two >&2; echo three"}, Capture::kOutAndErr));
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.text, "one\ntwo\nthree\n");
}

TEST(ProcessTest, WhatIsNotCapturedDoesNotComeBack) {
  const std::vector<std::string> command = {"sh", "-c", "echo one; echo two >&2"};
  ASSERT_OK_AND_ASSIGN(const ProcessResult errors, RunProcess(command, Capture::kErr));
  EXPECT_EQ(errors.text, "two\n");
  ASSERT_OK_AND_ASSIGN(const ProcessResult nothing, RunProcess(command, Capture::kNothing));
  EXPECT_EQ(nothing.text, "");
}

TEST(ProcessTest, NoShellReadsTheArguments) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"ls", "--", "/absent; exit $HOME 'x'"}, Capture::kErr));
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.text, HasSubstr("exit $HOME"));
}

TEST(ProcessTest, MuchIsReadWhileItRuns) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"sh", "-c", "head -c 1000000 /dev/zero >&2"}, Capture::kErr));
  EXPECT_EQ(result.text.size(), 1'000'000);
}

TEST(ProcessTest, SignalsShowInTheExitStatus) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"sh", "-c", "kill -9 $$"}, Capture::kNothing));
  EXPECT_EQ(result.exit_status, 128 + 9);
}

TEST(ProcessTest, TicksWhileItRuns) {
  int ticks = 0;
  ASSERT_OK(RunProcess({"sleep", "1.2"}, Capture::kErr, [&ticks] { ++ticks; }));
  EXPECT_GE(ticks, 1);
}

TEST(ProcessTest, DiesWithItsCaller) {
  const std::filesystem::path file = std::filesystem::path(::testing::TempDir()) / "pid";
  // An orphan comes to this process then, which can wait for its end.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const pid_t caller = fork();
  if (caller == 0) {
    const std::string script = "echo $$ > '" + file.string() + "'; exec sleep 1000";
    _exit(RunProcess({"sh", "-c", script}, Capture::kNothing).ok());
  }
  std::string text;
  while (text.empty() || text.back() != '\n') text = ReadFile(file).value_or("");
  kill(caller, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(caller, &status, 0), caller);
  const pid_t orphan = std::stoi(text);
  ASSERT_EQ(waitpid(orphan, &status, 0), orphan);
  EXPECT_TRUE(WIFSIGNALED(status));
}

// The signals that a process blocks and ignores, as hexadecimal masks, without those that are the
// C library's own.
ProcessResult BlockedAndIgnored() {
  return RunProcess({"sed", "-nE", "s/^(Sig(Blk|Ign)).*(.{8})$/\\1 \\3/p", "/proc/self/status"},
                    Capture::kOutAndErr)
      .value();
}

TEST(ProcessTest, BeginsWithTheSignalsThatItsCallerBeganWith) {
  const ProcessResult before = BlockedAndIgnored();
  ASSERT_THAT(before.text, AllOf(HasSubstr("SigBlk 0"), HasSubstr("\nSigIgn ")));
  const InterruptionGuard guard;
  EXPECT_EQ(BlockedAndIgnored().text, before.text);
}

// A process of the next test, which asks its parent to save.
TEST(ProcessTest, DISABLED_ExitsOnceItIsToSave) {
  kill(getppid(), SIGUSR1);
  usleep(100'000);  // as if it were still being loaded: it does not wait for signals yet
  const InterruptionGuard guard;
  while (!InterruptionGuard::TakeSaveRequest()) usleep(1000);
  _exit(7);
}

TEST(ProcessTest, WishesToSaveArePassedOnOnceTheyAreWaitedFor) {
  const InterruptionGuard guard;
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                   "--gtest_filter=ProcessTest.DISABLED_ExitsOnceItIsToSave"},
                                  Capture::kNothing));
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(InterruptionGuard::Signal(), 0);
}

TEST(ProcessTest, PassesOnTheSignalThatItsCallerIsToEndBy) {
  const InterruptionGuard guard;
  // The child sends it to this process, which is its parent, and has it back.
  ASSERT_OK_AND_ASSIGN(
      const ProcessResult result,
      RunProcess({"sh", "-c", "trap 'exit 7' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"},
                 Capture::kNothing));
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(InterruptionGuard::Signal(), SIGTERM);
}

TEST(ProcessTest, MissingProgramIsNamed) {
  EXPECT_THAT(RunProcess({"no-such-program"}, Capture::kNothing),
              Fails(absl::StatusCode::kNotFound, HasSubstr("no-such-program: cannot be started")));
}

}  // namespace
}  // namespace vitrine
