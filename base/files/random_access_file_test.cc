#include "base/files/random_access_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class RandomAccessFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(WriteAndSync(path_, "0123456789")); }

  const fs::path path_ = fs::path(::testing::TempDir()) / "random_access_file_test";
};

TEST_F(RandomAccessFileTest, PartsInAnyOrder) {
  ASSERT_OK_AND_ASSIGN(RandomAccessFile opened, RandomAccessFile::Open(path_));
  const RandomAccessFile file = std::move(opened);
  EXPECT_EQ(file.size(), 10);
  EXPECT_EQ(file.Read(7, 3).value_or(""), "789");
  EXPECT_EQ(file.Read(0, 10).value_or(""), "0123456789");
  EXPECT_EQ(file.Read(10, 0).value_or("x"), "");
}

TEST_F(RandomAccessFileTest, BytesOutsideAreAnErrorThatNamesTheFile) {
  ASSERT_OK_AND_ASSIGN(const RandomAccessFile file, RandomAccessFile::Open(path_));
  for (const auto& [offset, length] : {std::pair<int64_t, int64_t>(8, 3),
                                       {11, 0},
                                       {-1, 2},
                                       {0, -1},
                                       {1, INT64_MAX},
                                       {INT64_MAX, 1}}) {
    EXPECT_THAT(file.Read(offset, length),
                Fails(absl::StatusCode::kOutOfRange, HasSubstr(path_.string())))
        << offset << " " << length;
  }
}

TEST_F(RandomAccessFileTest, FileThatShrinksMeanwhile) {
  ASSERT_OK_AND_ASSIGN(const RandomAccessFile file, RandomAccessFile::Open(path_));
  fs::resize_file(path_, 4);
  EXPECT_THAT(file.Read(2, 5), Fails(absl::StatusCode::kOutOfRange, HasSubstr("ends before")));
  EXPECT_EQ(file.Read(0, 4).value_or(""), "0123");
}

TEST_F(RandomAccessFileTest, PipeThatNobodyWritesIntoIsNotWaitedFor) {
  const std::string pipe = path_.string() + ".pipe";
  fs::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(RandomAccessFile::Open(pipe),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
  EXPECT_THAT(ReadFile(pipe),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST_F(RandomAccessFileTest, WhatIsNoFile) {
  EXPECT_THAT(RandomAccessFile::Open(path_ / "absent"),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot open")));
  EXPECT_THAT(RandomAccessFile::Open(path_.string() + ".absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("cannot open")));
  EXPECT_THAT(RandomAccessFile::Open(path_.parent_path()),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace vitrine
