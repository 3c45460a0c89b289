#include "base/files/new_file.h"

#include <iterator>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::EndsWith;
namespace fs = std::filesystem;

class NewFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "folder");
    ASSERT_OK(WriteAndSync(folder_ / "file", "mine"));
  }

  int64_t Entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "new_file_test";
};

TEST_F(NewFileTest, WhatIsTakenIsNotNew) {
  EXPECT_OK(CheckIsNew(folder_ / "other"));
  for (const char* name : {"file", "folder"}) {
    EXPECT_THAT(
        CheckIsNew(folder_ / name),
        Fails(absl::StatusCode::kAlreadyExists, EndsWith(" is there already; take another name")));
  }
}

TEST_F(NewFileTest, AFileNeedsANameAndAFolder) {
  EXPECT_OK(CheckCanBeFile("of_the_working_folder"));
  EXPECT_OK(CheckCanBeFile(folder_ / "other"));
  EXPECT_OK(CheckCanBeFile(folder_ / "file"));
  for (const char* name : {"", "folder", "folder/", "other/"}) {
    EXPECT_THAT(CheckCanBeFile(folder_ / name),
                Fails(absl::StatusCode::kFailedPrecondition,
                      EndsWith(" is the name of a folder; name a file")));
  }
  for (const char* name : {"file/below", "other/below", "folder/other/below"}) {
    EXPECT_THAT(CheckCanBeFile(folder_ / name),
                Fails(absl::StatusCode::kFailedPrecondition,
                      EndsWith(" is no folder; make it first, or name another")));
  }
}

TEST_F(NewFileTest, IsThereWhenItIsWhole) {
  const fs::path path = folder_ / "new";
  ASSERT_OK(WriteNewFile(path, [&](const fs::path& partial) {
    EXPECT_EQ(partial.parent_path(), folder_);
    const absl::Status written = WriteAndSync(partial, "bytes");
    EXPECT_FALSE(fs::exists(path));
    return written;
  }));
  EXPECT_EQ(ReadFile(path).value(), "bytes");
  EXPECT_EQ(Entries(), 3);
}

TEST_F(NewFileTest, OfAnErrorNothingIsLeft) {
  const auto write = [](const fs::path& partial) {
    EXPECT_OK(WriteAndSync(partial, "half"));
    return absl::ResourceExhaustedError("no space");
  };
  EXPECT_THAT(WriteNewFile(folder_ / "new", write),
              Fails(absl::StatusCode::kResourceExhausted, "no space"));
  EXPECT_FALSE(WriteNewFile(folder_ / "file", write).ok());
  EXPECT_FALSE(WriteNewFile(folder_ / "folder", write).ok());
  EXPECT_FALSE(WriteNewFile(folder_ / "other/new", write).ok());
  EXPECT_EQ(ReadFile(folder_ / "file").value(), "mine");
  EXPECT_EQ(Entries(), 2);
}

}  // namespace
}  // namespace vitrine
