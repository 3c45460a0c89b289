#include "base/parallel/spawn.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/programs/child_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Program(int processes, const std::string& act, int actor = 0) {
  return {"base/parallel/spawn_test_main", absl::StrCat("--processes=", processes),
          absl::StrCat("--act=", act), absl::StrCat("--actor=", actor)};
}

TEST(SpawnTest, RanksHaveTheArgumentsAndOneOutput) {
  std::vector<std::string> command = Program(3, "tell");
  command.insert(command.end(), {"--", "a b", "", "*"});
  const ChildResult result = RunChild(command);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "out 0 a b||*\n");
  for (const int rank : {0, 1, 2}) {
    const std::string prefix = rank == 0 ? "" : absl::StrCat("[rank ", rank, "] ");
    EXPECT_THAT(result.err, HasSubstr(absl::StrCat("] warning ", rank, "\n")));
    EXPECT_THAT(result.err, HasSubstr(absl::StrCat(prefix, "no end of line ", rank)));
  }
  EXPECT_THAT(result.err, HasSubstr("rank 0 of 3, started by --processes; Gloo over loopback"));
  EXPECT_THAT(result.err, HasSubstr("] information 0\n"));
  EXPECT_THAT(result.err, Not(HasSubstr("information 1")));
}

TEST(SpawnTest, OneProcessIsThisOne) {
  const ChildResult result = RunChild(Program(1, "tell"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("out 0"));
}

TEST(SpawnTest, TheFailedRanksStatusCounts) {
  const ChildResult result = RunChild(Program(3, "fail", 1));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("[rank 1] spawn_test_main: own error\n"),
                                HasSubstr("[rank 2] spawn_test_main: rank 2: lost the connection"),
                                HasSubstr("spawn_test_main: rank 1 of 3 ended with exit status 2; "
                                          "what it printed says why\n")));
}

TEST(SpawnTest, AKilledRankEndsAll) {
  for (const int killed : {0, 2}) {
    const ChildResult result = RunChild(Program(3, "kill", killed));
    EXPECT_EQ(result.status, 128 + SIGKILL);
    EXPECT_THAT(result.err, HasSubstr(absl::StrCat("spawn_test_main: rank ", killed,
                                                   " of 3 was ended by signal 9, perhaps")));
  }
}

TEST(SpawnTest, RanksThatGoOnWithoutAFailedOneAreKilledAndNamed) {
  const ChildResult result = RunChild(Program(3, "leave_busy", 1));
  EXPECT_EQ(result.status, 5);
  EXPECT_THAT(result.err, HasSubstr("rank 1 of 3 ended with exit status 5; what it printed says "
                                    "why; rank 0, 2 did not end and was killed\n"));
}

TEST(SpawnTest, ARankThatIsAskedToEndEndsAllInOrder) {
  const ChildResult result = RunChild(Program(3, "terminate", 1));
  EXPECT_EQ(result.status, 128 + SIGTERM);
  EXPECT_THAT(result.err, HasSubstr("spawn_test_main: 3 processes were asked to end\n"));
}

TEST(SpawnTest, NeedsNoStandardInput) {
  const ChildResult result =
      RunChild({"/bin/sh", "-c", "exec \"$0\" \"$@\" <&-", "base/parallel/spawn_test_main",
                "--processes=3", "--act=tell"});
  EXPECT_EQ(result.status, 0) << result.err;
}

// One whose ranks work.
ChildProcess StartWork() {
  ChildProcess program = ChildProcess::Start(Program(3, "work")).value();
  while (program.Out().empty()) usleep(10'000);
  return program;
}

TEST(SpawnTest, SignalsArePassedOn) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ChildProcess program = StartWork();
    program.Signal(SIGUSR1);
    while (program.Out().find("saved") == std::string::npos) usleep(10'000);
    program.Signal(signal);
    EXPECT_EQ(program.Wait(), 128 + signal);
    EXPECT_THAT(program.Err(), AllOf(HasSubstr("spawn_test_main: interrupted\n"),
                                     HasSubstr("[rank 2] spawn_test_main: interrupted\n")));
  }
}

TEST(SpawnTest, RanksDieWithTheProgram) {
  // Orphans come to this process then, which can wait for their end.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  ChildProcess program = StartWork();
  program.Signal(SIGKILL);
  EXPECT_EQ(program.Wait(), 128 + SIGKILL);
  for (int rank = 0; rank < 3; ++rank) {
    int status = 0;
    ASSERT_GT(waitpid(-1, &status, 0), 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
}

}  // namespace
}  // namespace vitrine
