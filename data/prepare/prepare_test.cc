// The program itself, as far as it goes without a network; data_set_test has the rest.

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

const fs::path& Folder() {
  static const auto* const folder = new fs::path(fs::path(::testing::TempDir()) / "prepare");
  return *folder;
}

struct Result {
  int exit_status;
  std::string out;
  std::string err;
};

// Runs the program as `bazel run` would for a user in Folder().
Result Prepare(const std::string& flags) {
  fs::create_directories(Folder());
  const std::string program = absl::StrCat(std::getenv("TEST_SRCDIR"), "/",
                                           std::getenv("TEST_WORKSPACE"), "/data/prepare/prepare ");
  const std::string command =
      absl::StrCat("BUILD_WORKING_DIRECTORY=", Folder().string(), " ", program, flags, " >",
                   (Folder() / "out").string(), " 2>", (Folder() / "err").string());
  const int status = std::system(command.c_str());
  return {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = ReadFile(Folder() / "out").value_or(""),
          .err = ReadFile(Folder() / "err").value_or("")};
}

TEST(PrepareTest, MistakesOfUsageAreOneLineAndStatusTwo) {
  const struct {
    std::string flags, err;
  } cases[] = {
      {"--dataset=mnist", "prepare: --data_dir is needed; see --help\n"},
      {"--data_dir=d",
       "prepare: --dataset must be mnist, cifar10 or imagenet100, not ''; see --help\n"},
      {"--data_dir=d --dataset=cifar100",
       "prepare: --dataset must be mnist, cifar10 or imagenet100, not 'cifar100'; see --help\n"},
      {"--data_dir=d mnist", "prepare: unexpected argument 'mnist'; see --help\n"},
  };
  for (const auto& c : cases) {
    const Result result = Prepare(c.flags);
    EXPECT_EQ(result.exit_status, 2) << c.flags;
    EXPECT_EQ(result.err, c.err);
  }
  EXPECT_FALSE(fs::exists(Folder() / "d"));
}

TEST(PrepareTest, HelpShowsBothFlags) {
  const Result result = Prepare("--help");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, StartsWith("usage: prepare --dataset=NAME --data_dir=FOLDER\n"));
  EXPECT_THAT(result.out, HasSubstr("--data_dir (string"));
}

TEST(PrepareTest, FileThatDiffersIsFoundInTheUsersFolder) {
  const fs::path file = Folder() / "relative" / "mnist" / "t10k-labels-idx1-ubyte.gz";
  ASSERT_OK(CreateFolder(file.parent_path()));
  ASSERT_OK(WriteAndSync(file, "no labels"));
  const Result result = Prepare("--dataset=mnist --data_dir=relative");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, StartsWith(absl::StrCat("prepare: ", file.string(), ": SHA-256 is ")));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
}

TEST(PrepareTest, ImageNet100SaysWhatToDo) {
  const Result result = Prepare("--dataset=imagenet100 --data_dir=d");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("0519dc2f402a3a18c6e57f7913db059215eee25b"));
  EXPECT_THAT(result.err, HasSubstr((Folder() / "d" / "imagenet-100").string()));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
}

}  // namespace
}  // namespace vitrine
