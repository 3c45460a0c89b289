#include "base/programs/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/files/file.h"
#include "base/files/partial.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

void SendSelf(int signal) { kill(getpid(), signal); }

// The signal that the guard has noted, once it has.
int AwaitSignal() {
  while (InterruptionGuard::Signal() == 0) usleep(100);
  return InterruptionGuard::Signal();
}

void AwaitSaveRequest() {
  while (!InterruptionGuard::TakeSaveRequest()) usleep(100);
}

// Until all that were sent before have had their effect.
void AwaitAllSent() {
  sigset_t pending;
  do {
    sigpending(&pending);
  } while (sigismember(&pending, SIGTERM) == 1);  // of those pending, SIGUSR1 is taken before it
  SendSelf(SIGUSR1);
  AwaitSaveRequest();
}

[[noreturn]] void WaitForTheEnd() {
  while (true) pause();
}

TEST(InterruptionGuardTest, NotesTheFirstSignal) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const InterruptionGuard guard;
    EXPECT_EQ(InterruptionGuard::Signal(), 0);
    SendSelf(signal);
    EXPECT_EQ(AwaitSignal(), signal);
  }
  EXPECT_EQ(InterruptionGuard::Signal(), 0) << "there is no guard";
}

TEST(InterruptionGuardTest, SaveRequestsAreTakenOnceEach) {
  const InterruptionGuard guard;
  EXPECT_FALSE(InterruptionGuard::TakeSaveRequest());
  for (int i = 0; i < 2; ++i) {
    SendSelf(SIGUSR1);
    AwaitSaveRequest();
    EXPECT_FALSE(InterruptionGuard::TakeSaveRequest());
  }
  EXPECT_EQ(InterruptionGuard::Signal(), 0);
}

TEST(InterruptionGuardTest, SaveRequestWaitsForAGuard) {
  WatchSignals();
  SendSelf(SIGUSR1);
  EXPECT_FALSE(InterruptionGuard::TakeSaveRequest());
  const InterruptionGuard guard;
  AwaitSaveRequest();
}

TEST(InterruptionGuardTest, InstallsNoHandler) {
  const InterruptionGuard guard;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction action;
    ASSERT_EQ(sigaction(signal, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << signal;
  }
}

// A new process with a terminal of its own, which exits with 0 once it was interrupted by it with
// the signal. Writes a byte to the terminal when it is ready.
pid_t StartOnTerminal(int keyboard, int signal) {
  const pid_t child = fork();
  if (child != 0) return child;
  setsid();
  const int fd = open(ptsname(keyboard), O_RDWR);
  close(keyboard);  // so that the terminal is gone with the parent's
  const InterruptionGuard guard;
  if (write(fd, "r", 1) != 1) _exit(2);
  _exit(AwaitSignal() == signal ? 0 : 1);
}

TEST(InterruptionGuardTest, NotesWhatTheTerminalSends) {
  for (const int signal : {SIGINT, SIGHUP}) {
    const int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_TRUE(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0);
    const pid_t child = StartOnTerminal(keyboard, signal);
    char ready;
    ASSERT_EQ(read(keyboard, &ready, 1), 1);
    if (signal == SIGINT) {
      ASSERT_EQ(write(keyboard, "\x03", 1), 1);  // Ctrl-C
    } else {
      close(keyboard);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << signal;
    if (signal == SIGINT) close(keyboard);
  }
}

TEST(InterruptionGuardDeathTest, SecondSignalEndsTheProcess) {
  const auto send_twice = [] {
    const InterruptionGuard guard;
    SendSelf(SIGINT);
    AwaitSignal();
    std::this_thread::sleep_for(2 * InterruptionGuard::kOneSignal);
    SendSelf(SIGTERM);
    WaitForTheEnd();
  };
  EXPECT_EXIT(send_twice(), KilledBySignal(SIGTERM), "");
}

TEST(InterruptionGuardDeathTest, LostConnectionsDoNotCount) {
  const auto hang_up = [] {
    const InterruptionGuard guard;
    SendSelf(SIGHUP);
    AwaitSignal();
    for (const int signal : {SIGHUP, SIGTERM, SIGHUP}) {
      SendSelf(signal);
      AwaitAllSent();
    }
    _exit(InterruptionGuard::Signal());
  };
  EXPECT_EXIT(hang_up(), ExitedWithCode(SIGHUP), "");
}

TEST(InterruptionGuardTest, WhatIsPassedOnIsNeverTheSecond) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const InterruptionGuard guard;
    for (int i = 0; i < 4; ++i) {
      if (write(ends[1], "r", 1) != 1) _exit(1);
      AwaitSaveRequest();
    }
    _exit(InterruptionGuard::Signal());
  }
  const auto pass_on = [child] { InterruptionGuard::PassOn(child, SIGINT); };
  const std::function<void()> sendings[] = {[] {}, pass_on, [child] { kill(child, SIGINT); },
                                            pass_on};
  for (const auto& send : sendings) {
    char ready;
    ASSERT_EQ(read(ends[0], &ready, 1), 1);
    send();
    kill(child, SIGUSR1);  // of those pending, SIGINT is taken before it
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == SIGINT) << status;
}

TEST(InterruptionGuardDeathTest, WithoutAGuardTheFirstEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto send = [signal] {
      { const InterruptionGuard guard; }
      SendSelf(signal);
      WaitForTheEnd();
    };
    EXPECT_EXIT(send(), KilledBySignal(signal), "");
  }
}

TEST(InterruptionGuardDeathTest, WhatIsHalfWrittenIsRemoved) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "half_written";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(CreateFolder(folder).ok());
  const auto end_while_writing = [&] {
    WatchSignals();
    const Partial file(folder / "file"), other(folder / "folder");
    if (!WriteAndSync(file.path(), "bytes").ok()) _exit(1);
    if (!CreateFolder(other.path() / "within").ok()) _exit(1);
    SendSelf(SIGTERM);
    WaitForTheEnd();
  };
  EXPECT_EXIT(end_while_writing(), KilledBySignal(SIGTERM), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(InterruptionGuardDeathTest, IgnoredSignalsStayIgnored) {
  const auto send = [] {
    std::signal(SIGHUP, SIG_IGN);
    const InterruptionGuard guard;
    SendSelf(SIGHUP);
    SendSelf(SIGTERM);
    _exit(AwaitSignal());
  };
  EXPECT_EXIT(send(), ExitedWithCode(SIGTERM), "");
}

TEST(OutliveConsoleDeathTest, ConsoleWithoutAReaderIsAnError) {
  const auto write_to_nobody = [] {
    OutliveConsole();
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0) _exit(1);
    if (HasOutlivedConsole()) _exit(2);
    if (close(ends[0]) != 0) _exit(1);
    if (write(STDOUT_FILENO, "x", 1) != -1 || errno != EPIPE) _exit(3);
    _exit(HasOutlivedConsole() ? 0 : 4);
  };
  EXPECT_EXIT(write_to_nobody(), ExitedWithCode(0), "");
}

}  // namespace
}  // namespace vitrine
