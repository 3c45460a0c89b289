#include "eval/reproduce/child_program.h"

#include <filesystem>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "eval/reproduce/fake_train.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

TEST(MissingTest, NothingIsMissingIfTheDryRunNamesNothing) {
  ASSERT_OK_AND_ASSIGN(const std::string missing,
                       FakeTrain("echo name: step1; echo parameters: 3").Missing({}));
  EXPECT_EQ(missing, "");
}

TEST(MissingTest, IsWhatTheDryRunSays) {
  const ChildProgram train = FakeTrain(
      "echo parameters: 3; echo not yet: precision: only FP32; echo not yet: kernels: none");
  ASSERT_OK_AND_ASSIGN(const std::string missing, train.Missing({}));
  EXPECT_EQ(missing, "precision: only FP32; kernels: none");
}

TEST(MissingTest, AsksForADryRunOfTheArguments) {
  ASSERT_OK_AND_ASSIGN(const std::string missing,
                       FakeTrain("echo not yet: \"$@\"").Missing({"--config=step4", "a b"}));
  EXPECT_EQ(missing, "--config=step4 a b --dry_run");
}

TEST(MissingTest, WrongArgumentsAreInItsOwnWordsALineEach) {
  const ChildProgram train =
      FakeTrain("echo train: no field x >&2; echo train: y is bad >&2; exit 2");
  const auto missing = train.Missing({});
  EXPECT_EQ(missing.status(), absl::InvalidArgumentError("no field x\ny is bad"));
}

TEST(MissingTest, OtherEndsAreErrors) {
  EXPECT_THAT(FakeTrain("echo train: no memory >&2; exit 1").Missing({}),
              Fails(absl::StatusCode::kInternal, HasSubstr("exit status 1: no memory")));
  EXPECT_THAT(FakeTrain("kill -9 $$").Missing({}),
              Fails(absl::StatusCode::kInternal, HasSubstr("signal 9")));
  EXPECT_THAT(ChildProgram("//train", "/absent/train").Missing({}),
              Fails(absl::StatusCode::kNotFound, HasSubstr("/absent/train")));
}

TEST(RunTest, ArgumentsArriveAsTheyAre) {
  const std::filesystem::path seen = std::filesystem::path(::testing::TempDir()) / "seen";
  const ChildProgram train = FakeTrain("printf '%s|' \"$@\" > '" + seen.string() + "'");
  ASSERT_OK(train.Run({"seed=0", "data.mean=[0.5, 0.4]", "$HOME"}));
  EXPECT_EQ(ReadFile(seen).value(), "seed=0|data.mean=[0.5, 0.4]|$HOME|");
}

TEST(RunTest, OutputGoesToTheTerminal) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  ASSERT_OK(FakeTrain("echo a line; echo a bar >&2").Run({}));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "a line\n");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "a bar\n");
}

TEST(RunTest, FailureSaysHowItEnded) {
  EXPECT_THAT(FakeTrain("exit 1").Run({}),
              Fails(absl::StatusCode::kInternal, HasSubstr("exit status 1")));
  EXPECT_THAT(FakeTrain("kill -9 $$").Run({}),
              Fails(absl::StatusCode::kInternal, HasSubstr("signal 9")));
}

}  // namespace
}  // namespace vitrine
