#include "data/prepare/process.h"

#include <filesystem>
#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

TEST(ProcessTest, ExitStatusAndErrorsComeBack) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"sh", "-c", "echo one >&2; echo two >&2; exit 3"}));
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.err, "one\ntwo\n");
}

TEST(ProcessTest, NoShellReadsTheArguments) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"ls", "--", "/absent; exit $HOME 'x'"}));
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("exit $HOME"));
}

TEST(ProcessTest, MuchIsReadWhileItRuns) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result,
                       RunProcess({"sh", "-c", "head -c 1000000 /dev/zero >&2"}));
  EXPECT_EQ(result.err.size(), 1'000'000);
}

TEST(ProcessTest, SignalsShowInTheExitStatus) {
  ASSERT_OK_AND_ASSIGN(const ProcessResult result, RunProcess({"sh", "-c", "kill -9 $$"}));
  EXPECT_EQ(result.exit_status, 128 + 9);
}

TEST(ProcessTest, TicksWhileItRuns) {
  int ticks = 0;
  ASSERT_OK(RunProcess({"sleep", "1.2"}, [&ticks] { ++ticks; }));
  EXPECT_GE(ticks, 1);
}

TEST(ProcessTest, MissingProgramIsNamed) {
  EXPECT_THAT(RunProcess({"no-such-program"}),
              Fails(absl::StatusCode::kNotFound, HasSubstr("no-such-program: cannot be started")));
}

}  // namespace
}  // namespace vitrine
