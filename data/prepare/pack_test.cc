#include "data/prepare/pack.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <variant>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/image/decode.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
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

class PackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("train/a/1.jpg", EncodeJpeg(MakePicture(60, 41, 1), 90));
    Write("train/a/2.png", EncodePng(MakePicture(20, 70, 2)));
    Write("train/b/1.jpg", EncodeJpeg(MakePicture(30, 20, 3), 90));
    Write("val/a/1.jpg", EncodeJpeg(MakePicture(90, 90, 4), 90));
    Write("val/b/1.jpg", EncodeJpeg(MakePicture(9, 11, 5), 90));
  }

  void Write(const std::string& name, std::string_view bytes) {
    WriteTestFile(from_ / name, bytes);
  }

  absl::StatusOr<PackResult> Pack(const PackOptions& options = {}) {
    const auto files = OpenImageFiles(FileLayout::kFolders, from_);
    if (!files.ok()) return files.status();
    return PackImages(*files, from_, options, into_);
  }

  // The size of a packed image.
  Size SizeAt(const ImageSource& source, int64_t index) {
    const std::string bytes = BytesAt(source, index);
    const auto encoded = EncodedImage::Open(bytes);
    return encoded.ok() ? Size{encoded->width(), encoded->height()} : Size{};
  }

  const fs::path from_ = EmptyFolder("pack_test");
  const fs::path into_ = EmptyFolder("pack_test_packs");
};

TEST_F(PackTest, FilesAsTheyAre) {
  ASSERT_OK_AND_ASSIGN(const PackResult result, Pack());
  EXPECT_FALSE(result.verified);
  ASSERT_OK_AND_ASSIGN(const ImageFiles packed, OpenImageFiles(FileLayout::kPacked, into_));
  ASSERT_OK_AND_ASSIGN(const ImageFiles files, OpenImageFiles(FileLayout::kFolders, from_));
  EXPECT_THAT(packed.class_names, ElementsAre("a", "b"));
  ASSERT_EQ(packed.train->size(), 3);
  ASSERT_EQ(packed.test->size(), 2);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(BytesAt(*packed.train, i), BytesAt(*files.train, i));
    EXPECT_EQ(packed.train->Label(i), files.train->Label(i));
  }
  EXPECT_EQ(packed.train->Name(1), (into_ / "train.pack").string() + ", train/a/2.png");
}

TEST_F(PackTest, LargePicturesBecomeSmallerAndSmallOnesStay) {
  ASSERT_OK(Pack({.shorter_side = 30, .threads = 3}));
  ASSERT_OK_AND_ASSIGN(const ImageFiles packed, OpenImageFiles(FileLayout::kPacked, into_));
  EXPECT_EQ(SizeAt(*packed.train, 0), (Size{43, 30}));
  EXPECT_EQ(SizeAt(*packed.train, 1), (Size{20, 70}));
  EXPECT_EQ(SizeAt(*packed.test, 0), (Size{30, 30}));
  EXPECT_EQ(BytesAt(*packed.train, 2), *ReadFile(from_ / "train/b/1.jpg"));
}

TEST_F(PackTest, NumberOfThreadsDoesNotShow) {
  ASSERT_OK(Pack({.shorter_side = 16, .threads = 1}));
  const std::string one = ReadFile(into_ / "train.pack").value();
  fs::remove(into_ / "train.pack");
  ASSERT_OK(Pack({.shorter_side = 16, .threads = 8}));
  EXPECT_EQ(ReadFile(into_ / "train.pack").value(), one);
}

TEST_F(PackTest, MadeOnceAndAgainWhenAnythingHasChanged) {
  const auto verified = [&](const PackOptions& options = {}) {
    const auto result = Pack(options);
    EXPECT_OK(result);
    return result.ok() && result->verified;
  };
  EXPECT_FALSE(verified());
  EXPECT_TRUE(verified());
  EXPECT_FALSE(verified({.shorter_side = 30})) << "other options";
  EXPECT_TRUE(verified({.shorter_side = 30}));
  Write("train/b/2.jpg", EncodeJpeg(MakePicture(30, 20, 9), 90));
  EXPECT_FALSE(verified({.shorter_side = 30})) << "another file";
  const auto time = fs::last_write_time(from_ / "val/a/1.jpg") + std::chrono::seconds(2);
  fs::last_write_time(from_ / "val/a/1.jpg", time);
  EXPECT_FALSE(verified({.shorter_side = 30})) << "a file that was written to";
  std::string bytes = ReadFile(into_ / "train.pack").value();
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  WriteTestFile(into_ / "train.pack", bytes);
  EXPECT_FALSE(verified({.shorter_side = 30})) << "a damaged pack";
  EXPECT_TRUE(verified({.shorter_side = 30}));
}

TEST_F(PackTest, BadImagesAreNamedOrLeftOut) {
  Write("train/a/2.png", "no image");
  Write("train/b/0.jpg", "");
  EXPECT_THAT(Pack(), Fails(absl::StatusCode::kInvalidArgument,
                            HasSubstr((from_ / "train/a/2.png").string())));
  EXPECT_FALSE(fs::exists(into_ / "train.pack"));
  ASSERT_OK_AND_ASSIGN(const PackResult result, Pack({.skip_bad = true}));
  EXPECT_EQ(result.left_out, 2);
  EXPECT_THAT(result.example, HasSubstr("train/a/2.png"));
  ASSERT_OK_AND_ASSIGN(const ImageFiles packed, OpenImageFiles(FileLayout::kPacked, into_));
  EXPECT_EQ(packed.train->size(), 2);
}

TEST_F(PackTest, WhatLiesBesideThePartsDoesNotMatter) {
  ASSERT_OK(Pack());
  Write("notes.txt", "x");
  fs::create_directory_symlink(from_, from_ / "loop");
  fs::create_directory_symlink(from_, from_ / "again");
  ASSERT_OK_AND_ASSIGN(const PackResult result, Pack());
  EXPECT_TRUE(result.verified);
}

TEST_F(PackTest, LeftoversAreSwept) {
  WriteTestFile(into_ / ".train.pack.123.partial", "half a pack");
  ASSERT_OK(Pack());
  EXPECT_FALSE(fs::exists(into_ / ".train.pack.123.partial"));
}

TEST_F(PackTest, IntoItselfIsRefused) {
  const auto files = OpenImageFiles(FileLayout::kFolders, from_);
  fs::create_directory_symlink(from_, into_ / "link");
  for (const fs::path& into : {from_, from_ / "train", from_ / "new/er", into_ / "link"}) {
    EXPECT_THAT(PackImages(*files, from_, {}, into),
                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("take one outside")));
  }
}

TEST_F(PackTest, NothingGoodIsNoPack) {
  for (const char* name : {"val/a/1.jpg", "val/b/1.jpg"}) Write(name, "no image");
  EXPECT_THAT(Pack({.skip_bad = true}),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("no image could be read")));
}

// A picture that can be opened and not decoded is found even if it is packed as it is.
TEST_F(PackTest, TruncatedPictureIsBad) {
  const std::string bytes = ReadFile(from_ / "val/a/1.jpg").value();
  Write("val/a/1.jpg", std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_THAT(Pack(), Fails(absl::StatusCode::kDataLoss, HasSubstr("val/a/1.jpg")));
}

}  // namespace
}  // namespace vitrine
