#include "data/sets/image_files.h"

#include <filesystem>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/source/packed_source.h"
#include "data/source/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ImageFilesTest : public ::testing::Test {
 protected:
  void Write(const fs::path& name) { WriteTestFile(folder_ / name, name.string()); }

  void WritePack(const std::string& name, const std::vector<std::string>& class_names) {
    ASSERT_OK_AND_ASSIGN(PackedWriter writer,
                         PackedWriter::Create(folder_ / name, class_names, ""));
    for (size_t i = 0; i < class_names.size(); ++i) {
      ASSERT_OK(writer.Add(static_cast<int64_t>(i), "x", class_names[i]));
    }
    ASSERT_OK(writer.Finish());
  }

  const fs::path folder_ = EmptyFolder("image_files_test");
};

TEST_F(ImageFilesTest, FoldersByAnyOfTheirNames) {
  Write("train/a/1");
  Write("train/b/2");
  for (const std::string name : {"val", "validation", "test"}) {
    Write(name + "/a/3");
    Write(name + "/b/4");
    EXPECT_EQ(FindLayout(folder_), FileLayout::kFolders);
    ASSERT_OK_AND_ASSIGN(const ImageFiles files, OpenImageFiles(FileLayout::kFolders, folder_));
    EXPECT_THAT(files.class_names, ElementsAre("a", "b"));
    EXPECT_EQ(files.train->size(), 2);
    EXPECT_EQ(BytesAt(*files.test, 1), name + "/b/4");
    fs::remove_all(folder_ / name);
  }
}

TEST_F(ImageFilesTest, PartsWithOtherClassesAreRefused) {
  Write("train/a/1");
  Write("train/b/2");
  Write("val/a/3");
  EXPECT_THAT(OpenImageFiles(FileLayout::kFolders, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr(folder_.string()), HasSubstr("'b' is missing"))));
}

TEST_F(ImageFilesTest, ClassesOfTheTestPartAreMatchedByName) {
  WritePack("train.pack", {"a", "b"});
  WritePack("test.pack", {"b", "a"});
  EXPECT_EQ(FindLayout(folder_), FileLayout::kPacked);
  ASSERT_OK_AND_ASSIGN(const ImageFiles files, OpenImageFiles(FileLayout::kPacked, folder_));
  EXPECT_EQ(BytesAt(*files.test, 0), "b");
  EXPECT_EQ(files.test->Label(0), 1);
  EXPECT_EQ(files.test->Label(1), 0);
}

TEST_F(ImageFilesTest, WhatIsNotThere) {
  EXPECT_FALSE(FindLayout(folder_).has_value());
  EXPECT_FALSE(FindLayout(folder_ / "absent").has_value());
  EXPECT_THAT(OpenImageFiles(FileLayout::kFolders, folder_),
              Fails(absl::StatusCode::kNotFound, folder_.string() + ": there is no train/"));
  Write("train/a/1");
  EXPECT_THAT(
      OpenImageFiles(FileLayout::kFolders, folder_),
      Fails(absl::StatusCode::kNotFound, HasSubstr("there is no val/ nor validation/ nor test/")));
  EXPECT_THAT(OpenImageFiles(FileLayout::kPacked, folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("there is no train.pack")));
  EXPECT_THAT(OpenImageFiles(FileLayout::kParquet, folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("there is no train-*.parquet")));
  EXPECT_THAT(OpenImageFiles(FileLayout::kFolders, folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: no such folder")));
}

TEST_F(ImageFilesTest, MissingShardIsCounted) {
  Write("data/train-00000-of-00002.parquet");
  EXPECT_EQ(FindLayout(folder_), FileLayout::kParquet);
  EXPECT_THAT(OpenImageFiles(FileLayout::kParquet, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("has 1 of the 2 shards of train; get the others")));
}

}  // namespace
}  // namespace vitrine
