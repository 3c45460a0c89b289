#include "base/files/file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "file_test";
};

TEST_F(FileTest, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes.push_back(static_cast<char>(i * 31));
  ASSERT_OK(WriteAtomically(folder_ / "f", bytes));
  ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ / "f"));
  EXPECT_EQ(read, bytes);
}

TEST_F(FileTest, ReplacingLeavesNothingElseBehind) {
  ASSERT_OK(WriteAtomically(folder_ / "f", "old, and longer"));
  ASSERT_OK(WriteAtomically(folder_ / "f", "new"));
  ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ / "f"));
  EXPECT_EQ(read, "new");
  EXPECT_THAT(Names(), UnorderedElementsAre("f"));
}

TEST_F(FileTest, ANewFolderIsThereWholeOrNotAtAll) {
  const auto fill = [](const fs::path& path) { return WriteAndSync(path / "f", "all"); };
  ASSERT_OK(WriteNewFolder(folder_ / "parent" / "new", fill));
  ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ / "parent" / "new" / "f"));
  EXPECT_EQ(read, "all");
  EXPECT_THAT(WriteNewFolder(folder_ / "parent", fill),
              Fails(absl::StatusCode::kAlreadyExists, HasSubstr("parent is there already")));
  EXPECT_THAT(WriteNewFolder(folder_ / "parent" / "new" / "f" / "below", fill), Not(IsOk()));
  const auto fail = [&](const fs::path& path) {
    EXPECT_TRUE(fill(path).ok());
    return absl::DataLossError("half of it");
  };
  EXPECT_THAT(WriteNewFolder(folder_ / "failed", fail),
              Fails(absl::StatusCode::kDataLoss, "half of it"));
  const auto lose = [&](const fs::path& path) {
    fs::create_directories(folder_ / "parent" / "raced" / "full");  // as another process may
    return fill(path);
  };
  EXPECT_THAT(WriteNewFolder(folder_ / "parent" / "raced", lose),
              Fails(absl::StatusCode::kAlreadyExists, HasSubstr("raced is there already")));
  EXPECT_THAT(Names(), UnorderedElementsAre("parent"));
}

TEST_F(FileTest, FailedReplacementKeepsWhatWasThere) {
  fs::create_directories(folder_ / "taken" / "full");
  EXPECT_THAT(WriteAtomically(folder_ / "taken", "x"), Not(IsOk()));
  EXPECT_THAT(Names(), UnorderedElementsAre("taken"));
}

TEST_F(FileTest, FullDeviceIsAnErrorThatNamesTheFile) {
  EXPECT_THAT(WriteAndSync("/dev/full", "x"),
              Fails(absl::StatusCode::kResourceExhausted, HasSubstr("/dev/full: cannot write")));
}

TEST_F(FileTest, AbsentFileIsNotFound) {
  EXPECT_THAT(ReadFile(folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: cannot open")));
}

TEST_F(FileTest, FolderIsNotRead) {
  EXPECT_THAT(ReadFile(folder_), Fails(absl::StatusCode::kInvalidArgument, HasSubstr("regular")));
}

TEST_F(FileTest, NewFoldersOfOneNameAreDifferentOnes) {
  const fs::path path = folder_ / "runs" / "quickstart-20261124-055723";
  std::vector<std::string> made(8);
  std::vector<std::thread> threads;
  for (std::string& one : made) {
    threads.emplace_back([&] { one = CreateNewFolder(path).value(); });
  }
  for (std::thread& thread : threads) thread.join();
  std::sort(made.begin(), made.end());
  EXPECT_EQ(made[0], path);
  EXPECT_EQ(made[1], path.string() + "-2");
  EXPECT_EQ(made[7], path.string() + "-8");
  ASSERT_OK(WriteAtomically(folder_ / "f", ""));
  EXPECT_THAT(CreateNewFolder(folder_ / "f" / "run"), Not(IsOk()));
}

TEST_F(FileTest, RelativePathIsTheUsers) {
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1), 0);
  EXPECT_EQ(UserPath("runs/a"), "/home/someone/runs/a");
  EXPECT_EQ(UserPath("/data"), "/data");
  EXPECT_EQ(UserPath(""), "");
  ASSERT_EQ(unsetenv("BUILD_WORKING_DIRECTORY"), 0);
  EXPECT_EQ(UserPath("runs/a"), "runs/a");
}

TEST_F(FileTest, PathInTheHomeFolderIsWhatAShellWouldMakeOfIt) {
  const std::string before = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", "/here", 1), 0);
  ASSERT_EQ(setenv("HOME", "/home/someone", 1), 0);
  EXPECT_EQ(UserPath("~/runs/a"), "/home/someone/runs/a");
  EXPECT_EQ(UserPath("~"), "/home/someone");
  EXPECT_EQ(UserPath("~/"), "/home/someone/");
  EXPECT_EQ(UserPath("~other/runs"), "/here/~other/runs");
  EXPECT_EQ(UserPath("a/~/b"), "/here/a/~/b");
  ASSERT_EQ(unsetenv("HOME"), 0);
  EXPECT_EQ(UserPath("~/runs"), "/here/~/runs");
  ASSERT_EQ(unsetenv("BUILD_WORKING_DIRECTORY"), 0);
  ASSERT_EQ(setenv("HOME", before.c_str(), 1), 0);
}

TEST(WithNameTest, AFolderHasItsNameHoweverItWasGiven) {
  EXPECT_EQ(WithName("a/b"), "a/b");
  EXPECT_EQ(WithName("/a/b/"), "/a/b");
  EXPECT_EQ(WithName("/a/b/."), "/a/b");
  EXPECT_EQ(WithName("/a/b/.."), "/a");
  EXPECT_EQ(WithName("."), fs::current_path());
}

}  // namespace
}  // namespace vitrine
