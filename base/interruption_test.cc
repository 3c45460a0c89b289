#include "base/interruption.h"

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
  }
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
