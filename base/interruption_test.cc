#include "base/interruption.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(InterruptionGuardTest, NotesTheFirstSignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const InterruptionGuard guard;
    EXPECT_EQ(InterruptionGuard::Signal(), 0);
    std::raise(signal);
    EXPECT_EQ(InterruptionGuard::Signal(), signal);
    EXPECT_FALSE(InterruptionGuard::FromTerminal());
  }
}

// Exits with 0 once it is interrupted by the keys of the terminal, which becomes its own.
[[noreturn]] void WaitForKeys(const char* terminal) {
  setsid();
  const int fd = open(terminal, O_RDWR);
  const InterruptionGuard guard;
  if (write(fd, "r", 1) != 1) _exit(2);
  while (InterruptionGuard::Signal() == 0) usleep(1000);
  _exit(InterruptionGuard::Signal() == SIGINT && InterruptionGuard::FromTerminal() ? 0 : 1);
}

TEST(InterruptionGuardTest, KnowsTheKeysOfTheTerminal) {
  const int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_TRUE(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0);
  const pid_t child = fork();
  if (child == 0) WaitForKeys(ptsname(keyboard));
  char ready;
  ASSERT_EQ(read(keyboard, &ready, 1), 1);
  ASSERT_EQ(write(keyboard, "\x03", 1), 1);  // Ctrl-C
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(keyboard);
}

TEST(InterruptionGuardDeathTest, SecondSignalEndsTheProcess) {
  const auto raise_twice = [] {
    const InterruptionGuard guard;
    std::raise(SIGINT);
    std::raise(SIGTERM);
  };
  EXPECT_EXIT(raise_twice(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptionGuardDeathTest, WithoutAGuardTheFirstDoes) {
  { const InterruptionGuard guard; }
  EXPECT_EXIT(std::raise(SIGINT), ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace vitrine
