#include "base/files/folder_listing.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class ListFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    ASSERT_OK(CreateFolder(folder_));
  }

  void Write(const std::string& name) { ASSERT_OK(WriteAtomically(folder_ / name, "x")); }

  // "name", "name/" or "name?".
  std::vector<std::string> List() const {
    std::vector<std::string> names;
    const std::vector<FolderEntry> entries = ListFolder(folder_).value();
    for (const FolderEntry& entry : entries) {
      EXPECT_FALSE(entry.is_folder && entry.is_file);
      names.push_back(entry.name + (entry.is_folder ? "/" : entry.is_file ? "" : "?"));
    }
    return names;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "list_folder_test";
};

TEST_F(ListFolderTest, SortedAsBytesAndWithoutWhatIsHidden) {
  EXPECT_THAT(List(), IsEmpty());
  for (const char* name : {"b2", "b10", "a", "B", "\xc3\xa9", ".hidden"}) Write(name);
  fs::create_directories(folder_ / "c/inner");
  for (const char* name : {".cache", "__MACOSX", "@eaDir"}) fs::create_directory(folder_ / name);
  EXPECT_THAT(List(), ElementsAre("B", "a", "b10", "b2", "c/", "\xc3\xa9"));
}

TEST_F(ListFolderTest, LinksAreWhatTheyLeadTo) {
  Write("file");
  fs::create_directory(folder_ / "folder");
  fs::create_symlink("file", folder_ / "to_file");
  fs::create_symlink("folder", folder_ / "to_folder");
  fs::create_symlink("to_folder", folder_ / "to_link");
  fs::create_symlink("nothing", folder_ / "to_nothing");
  fs::create_symlink("to_itself", folder_ / "to_itself");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(List(), ElementsAre("file", "folder/", "pipe?", "to_file", "to_folder/", "to_itself?",
                                  "to_link/", "to_nothing?"));
}

TEST_F(ListFolderTest, WhatIsNoFolderIsNamed) {
  EXPECT_THAT(ListFolder(folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: No such file")));
  Write("file");
  EXPECT_THAT(ListFolder(folder_ / "file"),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("file: Not a directory")));
}

}  // namespace
}  // namespace vitrine
