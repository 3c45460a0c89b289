#include "data/source/picture_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;
using std::string_literals::operator""s;

class PictureFilesTest : public ::testing::Test {
 protected:
  void Write(const fs::path& name, std::string_view bytes = "text") {
    WriteTestFile(folder_ / name, bytes);
  }

  PictureFiles Find(Unreadable unreadable = Unreadable::kTaken) const {
    return FindPictures(folder_, unreadable).value();
  }

  const fs::path folder_ = EmptyFolder("picture_files_test");
};

// As of Tiny ImageNet, on a disk that has been in other machines.
TEST_F(PictureFilesTest, PicturesInFoldersAndWhatLiesBesideThem) {
  for (const char* name :
       {"images/n1_1.JPEG", "images/n1_0.JPEG", "images/more/x.png", "a.jpg", "n1_boxes.txt",
        "images/Thumbs.db", "desktop.ini", ".DS_Store", "images/._n1_0.JPEG", ".cache/y.png"}) {
    Write(name);
  }
  const PictureFiles found = Find();
  EXPECT_THAT(found.names,
              ElementsAre("a.jpg", "images/more/x.png", "images/n1_0.JPEG", "images/n1_1.JPEG"));
  EXPECT_EQ(found.passed_over.count, 3);
  EXPECT_EQ(found.passed_over.first, folder_ / "desktop.ini");
}

TEST_F(PictureFilesTest, FirstBytesTellWhereNamesDoNot) {
  Write("jpeg", "\xff\xd8\xff\xe0");
  Write("png.dat", "\x89PNG\r\n\x1a\n");
  Write("gif", "GIF89a");
  Write("tiff", "II*\0"s);
  Write("webp", "RIFF\x10\0\0\0WEBP"s);
  Write("wav", "RIFF\x10\0\0\0WAVE"s);
  Write("database", "\xd0\xcf\x11\xe0");
  Write("empty", "");
  EXPECT_THAT(Find().names, ElementsAre("gif", "jpeg", "png.dat", "tiff", "webp"));
  EXPECT_EQ(Find().passed_over.count, 3);
  EXPECT_THAT(Find(Unreadable::kPassedOver).names, ElementsAre("jpeg", "png.dat"));
}

// One that is no picture is to be heard of: it may have been one.
TEST_F(PictureFilesTest, WhatIsCalledAPictureCountsAsOne) {
  Write("page.jpg", "<html>");
  Write("empty.PNG", "");
  Write("photo.heic");
  Write("scan.tif", "\xff\xd8\xff");
  fs::create_symlink("nothing", folder_ / "link.jpeg");
  EXPECT_THAT(Find().names,
              ElementsAre("empty.PNG", "link.jpeg", "page.jpg", "photo.heic", "scan.tif"));
  EXPECT_THAT(Find(Unreadable::kPassedOver).names,
              ElementsAre("empty.PNG", "page.jpg", "scan.tif"));
}

TEST_F(PictureFilesTest, LinksAreFollowedAndLoopsAreNot) {
  Write("a/x.png");
  fs::create_directory_symlink(folder_ / "a", folder_ / "b");
  fs::create_directory_symlink(folder_, folder_ / "a/up");
  EXPECT_THAT(Find().names, ElementsAre("a/x.png", "b/x.png"));
}

// Else those of all classes would be of one.
TEST_F(PictureFilesTest, LinkToAFolderAboveIsNotFollowed) {
  Write("train/a/1.png");
  Write("train/ab/2.png");
  fs::create_directory_symlink("..", folder_ / "train/a/up");
  fs::create_directory_symlink(folder_ / "train/ab", folder_ / "train/a/other");
  ASSERT_OK_AND_ASSIGN(const PictureFiles found,
                       FindPictures(folder_ / "train/a", Unreadable::kTaken));
  EXPECT_THAT(found.names, ElementsAre("1.png", "other/2.png"));
}

TEST_F(PictureFilesTest, PipeThatNobodyWritesIntoIsNotWaitedFor) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Find().names, IsEmpty());
  EXPECT_EQ(Find().passed_over.count, 1);
}

TEST_F(PictureFilesTest, FolderThatIsNotThere) {
  EXPECT_THAT(FindPictures(folder_ / "absent", Unreadable::kTaken),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

TEST_F(PictureFilesTest, OneWarningCountsThemAndNamesTheFirst) {
  PassedOver all;
  WarnOfPassedOver(all);
  PassedOver some;
  some.Add("a/Thumbs.db");
  some.Add("b/Thumbs.db");
  all.Add(some);
  all.Add("c/desktop.ini");
  ::testing::internal::CaptureStderr();
  WarnOfPassedOver(all);
  EXPECT_THAT(
      ::testing::internal::GetCapturedStderr(),
      HasSubstr(
          "3 files that are no JPEG or PNG pictures are passed over; the first is a/Thumbs.db"));
}

}  // namespace
}  // namespace vitrine
