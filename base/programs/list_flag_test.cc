#include "base/programs/list_flag.h"

#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SplitListFlagTest, Splits) {
  ASSERT_OK_AND_ASSIGN(const auto one, SplitListFlag("--run_dir", "runs/a b"));
  EXPECT_THAT(one, ElementsAre("runs/a b"));
  ASSERT_OK_AND_ASSIGN(const auto two, SplitListFlag("--run_dir", "a,b"));
  EXPECT_THAT(two, ElementsAre("a", "b"));
}

TEST(SplitListFlagTest, WhatIsThereIsOnePath) {
  const std::string path = ::testing::TempDir() + "/list_flag_test,with a comma";
  ASSERT_OK(CreateFolder(path));
  ASSERT_OK_AND_ASSIGN(const auto one, SplitListFlag("--run_dir", path));
  EXPECT_THAT(one, ElementsAre(path));
}

TEST(SplitListFlagTest, EmptyNamesAreMistakesOfUsage) {
  for (const char* value : {"", ",", "a,", ",a", "a,,b"}) {
    const auto names = SplitListFlag("--run_dir", value);
    EXPECT_THAT(names, Fails(absl::StatusCode::kInvalidArgument, HasSubstr("--run_dir: an empty")));
    EXPECT_EQ(ExitStatus("test", names.status()), 2);
  }
}

}  // namespace
}  // namespace vitrine
