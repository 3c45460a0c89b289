#include "data/source/file_list.h"

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class FileListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    for (const char* name : {"b/2.JPEG", "b/1.png", "a/x.jpg", "a/notes.txt", "c/notes.txt"}) {
      ASSERT_OK(CreateFolder((folder_ / name).parent_path()));
      ASSERT_OK(WriteAtomically(folder_ / name, "x"));
    }
    fs::create_symlink("nothing", folder_ / "a" / "broken.png");
  }

  absl::StatusOr<std::vector<fs::path>> List(const std::vector<std::string>& names) const {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back((folder_ / name).string());
    return ListImageFiles("--images", absl::StrJoin(paths, ","));
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "file_list_test";
};

TEST_F(FileListTest, FilesAreTakenAsTheyAreNamed) {
  EXPECT_THAT(*List({"b/2.JPEG", "a/notes.txt"}),
              ElementsAre(folder_ / "b/2.JPEG", folder_ / "a/notes.txt"));
}

TEST_F(FileListTest, FoldersGiveTheirImagesSorted) {
  EXPECT_THAT(*List({""}),
              ElementsAre(folder_ / "a/x.jpg", folder_ / "b/1.png", folder_ / "b/2.JPEG"));
  EXPECT_THAT(*List({"b", "a/x.jpg"}),
              ElementsAre(folder_ / "b/1.png", folder_ / "b/2.JPEG", folder_ / "a/x.jpg"));
}

TEST_F(FileListTest, WhatIsPassedOverIsSaid) {
  ASSERT_OK(WriteAtomically(folder_ / "a" / "moving.gif", "GIF89a"));
  ASSERT_OK(WriteAtomically(folder_ / "a" / "photo", "\xff\xd8\xff"));
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(*List({"a", "b/1.png"}),
              ElementsAre(folder_ / "a/photo", folder_ / "a/x.jpg", folder_ / "b/1.png"));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("3 files that are no JPEG or PNG pictures are passed over; the first is " +
                        (folder_ / "a/broken.png").string()));
}

TEST_F(FileListTest, NothingIsAnError) {
  EXPECT_THAT(List({"d"}), Fails(absl::StatusCode::kNotFound, HasSubstr("no such file")));
  EXPECT_THAT(List({"c"}), Fails(absl::StatusCode::kNotFound, HasSubstr("no JPEG or PNG")));
}

}  // namespace
}  // namespace vitrine
