#include "base/programs/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

struct Result {
  int exit_status;
  std::string out;
  std::string err;
};

// Runs program_test_main; the flags are in the shell's language.
Result RunTestProgram(const std::string& flags, std::string out = "") {
  const fs::path folder = ::testing::TempDir();
  if (out.empty()) out = folder / "out";
  const std::string command = absl::StrCat(
      std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
      "/base/programs/program_test_main ", flags, " >", out, " 2>", (folder / "err").string());
  const int status = std::system(command.c_str());
  return {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = ReadFile(out).value_or(""),
          .err = ReadFile(folder / "err").value_or("")};
}

struct Case {
  std::string flags;
  std::string expected;
};

TEST(ProgramTest, FlagsAreParsed) {
  const std::vector<Case> cases = {
      {"", "3|1|a b|0.5|\n"},
      {"--count=7 --title= --rate=1e-3", "7|1||0.001|\n"},
      {"--count 7 --title 'x = y' --rate .25", "7|1|x = y|0.25|\n"},
      {"--count -7", "-7|1|a b|0.5|\n"},
      {"-count=7 -nofast", "7|0|a b|0.5|\n"},
      {"--fast=false", "3|0|a b|0.5|\n"},
      {"--nofast --fast", "3|1|a b|0.5|\n"},
      {"--fast no", "3|1|a b|0.5|no\n"},
      {"a.b=1 --count=7 - c", "7|1|a b|0.5|a.b=1,-,c\n"},
      {"a -- --count=7 -- --help", "3|1|a b|0.5|a,--count=7,--,--help\n"},
      {"--minloglevel=2 --v 1", "3|1|a b|0.5|\n"},
  };
  for (const Case& c : cases) {
    const Result result = RunTestProgram(c.flags);
    EXPECT_EQ(result.exit_status, 0) << c.flags << result.err;
    EXPECT_EQ(result.out, c.expected) << c.flags;
  }
}

TEST(ProgramTest, MistakesInFlagsAreOneLineAndStatusTwo) {
  const std::vector<Case> cases = {
      {"--foo", "unknown flag --foo; see --help"},
      {"--foo=1 --count=x", "unknown flag --foo; see --help"},
      {"--nocount", "unknown flag --nocount; see --help"},
      {"--nofast=true", "unknown flag --nofast; see --help"},
      {"--flagfile=/dev/null", "unknown flag --flagfile; see --help"},
      {"--helpfull", "unknown flag --helpfull; see --help"},
      {"--count=x", "bad value 'x' for --count (int32); see --help"},
      {"--count=", "bad value '' for --count (int32); see --help"},
      {"--count=3000000000", "bad value '3000000000' for --count (int32); see --help"},
      {"--fast=perhaps", "bad value 'perhaps' for --fast (bool); see --help"},
      {"--rate=2", "bad value '2' for --rate (double); see --help"},
      {"--count", "--count needs a value (int32); see --help"},
      {"--title --fast", "--title needs a value (string); see --help"},
  };
  for (const Case& c : cases) {
    const Result result = RunTestProgram(c.flags);
    EXPECT_EQ(result.exit_status, 2) << c.flags;
    EXPECT_EQ(result.out, "") << c.flags;
    EXPECT_EQ(result.err, absl::StrCat("program_test_main: ", c.expected, "\n")) << c.flags;
  }
}

TEST(ProgramTest, HelpShowsTheFlagsOfThisProgramOnly) {
  const Result result = RunTestProgram("--count=7 --help --foo");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, R"(usage: program_test_main [--flag=value ...] [thing ...]

  --count (int32, default 3)
      how many there are

  --fail (string, default "")
      how to fail

  --fast (bool, default true)
      whether to hurry

  --rate (double, default 0.5)
      how fast, in (0, 1]

  --title (string, default "a b")
      the title, of two lines:
      this is the second
)");
}

TEST(ProgramTest, ErrorsOfTheBodyEndAsLinesAndAStatus) {
  struct Failure {
    std::string kind;
    int exit_status;
    std::string err;
  };
  const std::string name = "program_test_main: ";
  const std::vector<Failure> failures = {
      {"usage", 2, name + "first problem\n" + name + "second problem\n"},
      {"config", 2, name + "c.textproto: cannot open\n"},
      {"data", 1, name + "d.png: damaged at byte 5\n"},
      {"exception", 1, name + "CUDA error\n"},
      {"memory", 1, name + "out of memory\n"},
      {"threads", 1,
       name + "no more threads can be started; raise `ulimit -u`, or a container's limit of "
              "processes\n"},
      {"odd", 1, name + "an exception that is no std::exception\n"},
      {"'arguments' a b", 2, name + "unexpected argument 'a'; see --help\n"},
  };
  for (const Failure& failure : failures) {
    const Result result = RunTestProgram(absl::StrCat("--fail=", failure.kind));
    EXPECT_EQ(result.exit_status, failure.exit_status) << failure.kind;
    EXPECT_EQ(result.err, failure.err);
    EXPECT_EQ(result.out, "");
  }
}

TEST(ProgramTest, LostOutputIsAnError) {
  const Result result = RunTestProgram("", "/dev/full");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("standard output can't be written"));
}

TEST(ProgramTest, LogsGoToStderrAndToNoFile) {
  const fs::path folder = fs::path(::testing::TempDir()) / "logs";
  fs::create_directories(folder);
  ASSERT_EQ(setenv("TMPDIR", folder.c_str(), 1), 0);
  const Result result = RunTestProgram(absl::StrCat("--log_dir=", folder.string()));
  EXPECT_THAT(result.err, HasSubstr("a line of the log"));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(ProgramTest, MarkingSuccessLeavesItSuccess) {
  EXPECT_OK(AsUsageError(absl::OkStatus()));
  EXPECT_EQ(AsUsageError(absl::StatusOr<int>(5)).value_or(0), 5);
}

}  // namespace
}  // namespace vitrine
