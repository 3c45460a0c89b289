#include "data/source/image_folder.h"

#include <filesystem>
#include <string>
#include <vector>

#include "base/status_matchers.h"
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

class ImageFolderTest : public ::testing::Test {
 protected:
  void Write(const fs::path& name) { WriteTestFile(folder_ / name, "bytes of " + name.string()); }

  const fs::path folder_ = EmptyFolder("image_folder_test");
};

// Not "b/10" after "b/2", nor capitals beside small letters: what `sort` says in any language.
TEST_F(ImageFolderTest, SortedByClassThenByNameAsBytes) {
  for (const char* name : {"b/2.png", "b/10.png", "a/z.JPEG", "B/y.png", "a/Z.jpg"}) Write(name);
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_THAT(opened.class_names, ElementsAre("B", "a", "b"));
  std::vector<std::string> bytes;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < opened.images->size(); ++i) {
    bytes.push_back(BytesAt(*opened.images, i));
    labels.push_back(opened.images->Label(i));
  }
  EXPECT_THAT(bytes, ElementsAre("bytes of B/y.png", "bytes of a/Z.jpg", "bytes of a/z.JPEG",
                                 "bytes of b/10.png", "bytes of b/2.png"));
  EXPECT_THAT(labels, ElementsAre(0, 1, 1, 2, 2));
  EXPECT_EQ(opened.images->Name(3), (folder_ / "b/10.png").string());
}

TEST_F(ImageFolderTest, HiddenFilesAreNoImages) {
  for (const char* name : {"a/1.png", "a/.DS_Store", ".cache/x", "__MACOSX/a/._1.png",
                           "a/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg"}) {
    Write(name);
  }
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_THAT(opened.class_names, ElementsAre("a"));
  EXPECT_EQ(opened.images->size(), 1);
}

// As of Tiny ImageNet, looked at with Windows.
TEST_F(ImageFolderTest, PicturesInFoldersOfAClassAndFilesThatAreNone) {
  for (const char* name : {"n1/images/n1_1.JPEG", "n1/images/n1_0.JPEG", "n1/n1_boxes.txt",
                           "n2/images/n2_0.JPEG", "n2/images/Thumbs.db", "desktop.ini"}) {
    Write(name);
  }
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_THAT(opened.class_names, ElementsAre("n1", "n2"));
  ASSERT_EQ(opened.images->size(), 3);
  EXPECT_EQ(opened.images->Name(0), (folder_ / "n1/images/n1_0.JPEG").string());
  EXPECT_EQ(BytesAt(*opened.images, 2), "bytes of n2/images/n2_0.JPEG");
  EXPECT_EQ(opened.images->Label(2), 1);
  EXPECT_EQ(opened.passed_over.count, 3);
  EXPECT_EQ(opened.passed_over.first, folder_ / "desktop.ini");
}

TEST_F(ImageFolderTest, FileThatIsCalledAPictureIsOne) {
  for (const char* name : {"a/1.png", "a/2.webp", "a/3.jpg"}) Write(name);
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_EQ(opened.images->size(), 3);
  EXPECT_EQ(opened.passed_over.count, 0);
}

TEST_F(ImageFolderTest, LinksAreFollowed) {
  Write("a/1.png");
  fs::create_directory_symlink(folder_ / "a", folder_ / "b");
  fs::create_symlink(folder_ / "a/1.png", folder_ / "a/2.png");
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_EQ(opened.images->size(), 4);
  EXPECT_EQ(BytesAt(*opened.images, 3), "bytes of a/1.png");
}

TEST_F(ImageFolderTest, EmptyClassHasNoImages) {
  Write("a/1.png");
  fs::create_directory(folder_ / "b");
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  EXPECT_THAT(opened.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(opened.images->size(), 1);
}

TEST_F(ImageFolderTest, FileThatIsGoneOrCannotBeRead) {
  for (const char* name : {"a/1.png", "a/2.png"}) Write(name);
  ASSERT_OK_AND_ASSIGN(const ImageFolder opened, OpenImageFolder(folder_));
  fs::remove(folder_ / "a/1.png");
  EXPECT_THAT(opened.images->Read(0),
              Fails(absl::StatusCode::kNotFound, HasSubstr((folder_ / "a/1.png").string())));
  EXPECT_EQ(BytesAt(*opened.images, 1), "bytes of a/2.png");
}

TEST_F(ImageFolderTest, WhatIsNotAFolderOfClassFolders) {
  EXPECT_THAT(OpenImageFolder(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr(folder_.string()), HasSubstr("holds no images"))));
  EXPECT_THAT(OpenImageFolder(folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: No such file")));
  Write("a/notes.txt");
  EXPECT_THAT(OpenImageFolder(folder_),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("holds no images")));
  Write("a/1.png");
  EXPECT_OK(OpenImageFolder(folder_));
  Write("2.png");
  EXPECT_THAT(OpenImageFolder(folder_), Fails(absl::StatusCode::kInvalidArgument,
                                              AllOf(HasSubstr((folder_ / "2.png").string()),
                                                    HasSubstr("outside the folders of classes; put "
                                                              "it into that of its class"))));
  fs::rename(folder_ / "2.png", folder_ / "a/2.png");
  EXPECT_EQ(OpenImageFolder(folder_)->images->size(), 2);
}

}  // namespace
}  // namespace vitrine
