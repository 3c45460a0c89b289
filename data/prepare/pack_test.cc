#include "data/prepare/pack.h"

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/image/decode.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/sets/image_files.h"
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
    const auto set = OpenImageFiles(FileLayout::kFolders, DataConfig(), from_);
    if (!set.ok()) return set.status();
    return PackImages(*set, from_, options, into_);
  }

  absl::StatusOr<LoadedSet> OpenPacks() const {
    return OpenImageFiles(FileLayout::kPacked, DataConfig(), into_);
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
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, OpenPacks());
  ASSERT_OK_AND_ASSIGN(const LoadedSet files,
                       OpenImageFiles(FileLayout::kFolders, DataConfig(), from_));
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
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, OpenPacks());
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

// Whatever was packed before the image.
TEST_F(PackTest, FailureLeavesNothingBehind) {
  fs::remove_all(into_);
  const fs::path into = into_ / "not" / "there";
  Write("train/b/9.jpg", "no image");
  const auto set = OpenImageFiles(FileLayout::kFolders, DataConfig(), from_);
  EXPECT_FALSE(PackImages(*set, from_, {}, into).ok());
  EXPECT_FALSE(fs::exists(into_)) << "the folders were made for the packs";
  fs::create_directories(into_);
  EXPECT_FALSE(PackImages(*set, from_, {}, into).ok());
  EXPECT_TRUE(fs::is_empty(into_));
}

TEST_F(PackTest, FailureLeavesOldPacksAsTheyWere) {
  ASSERT_OK(Pack());
  const std::string train = ReadFile(into_ / "train.pack").value();
  const std::string test = ReadFile(into_ / "test.pack").value();
  Write("val/a/2.jpg", EncodeJpeg(MakePicture(9, 11, 8), 90));
  Write("train/b/9.jpg", "no image");
  EXPECT_FALSE(Pack().ok());
  EXPECT_EQ(ReadFile(into_ / "train.pack").value(), train);
  EXPECT_EQ(ReadFile(into_ / "test.pack").value(), test);
  EXPECT_EQ(std::distance(fs::directory_iterator(into_), fs::directory_iterator()), 2);
}

// The end of the disk, as a limit for files: test.pack has room, train.pack has none.
TEST_F(PackTest, FullDiskLeavesNothingBehind) {
  const fs::path into = into_ / "packed";
  for (int i = 0; i < 20; ++i) {
    Write("train/a/large" + std::to_string(i) + ".png", EncodePng(MakePicture(90, 90, i)));
  }
  const auto set = OpenImageFiles(FileLayout::kFolders, DataConfig(), from_);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100'000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = PackImages(*set, from_, {}, into);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("train.pack"));
  EXPECT_TRUE(fs::is_empty(into_));
  EXPECT_OK(PackImages(*set, from_, {}, into)) << "with room";
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
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, OpenPacks());
  EXPECT_EQ(packed.train->size(), 2);
}

TEST_F(PackTest, ThreePartsAreThreePacks) {
  ASSERT_OK(Pack());
  const std::string of_val = ReadFile(into_ / "test.pack").value();
  Write("test/a/9.jpg", EncodeJpeg(MakePicture(9, 9, 6), 90));
  Write("test/b/9.jpg", EncodeJpeg(MakePicture(9, 9, 7), 90));
  ASSERT_OK_AND_ASSIGN(PackResult result, Pack());
  EXPECT_FALSE(result.verified) << "test.pack was of val/";
  ASSERT_OK_AND_ASSIGN(LoadedSet packed, OpenPacks());
  EXPECT_EQ(DescribeOrigins(packed.origins),
            "train: train.pack, minival: validation.pack, test: test.pack");
  EXPECT_EQ(BytesAt(*packed.minival, 0), *ReadFile(from_ / "val/a/1.jpg"));
  EXPECT_EQ(BytesAt(*packed.test, 1), *ReadFile(from_ / "test/b/9.jpg"));
  ASSERT_OK_AND_ASSIGN(result, Pack());
  EXPECT_TRUE(result.verified);

  fs::remove_all(from_ / "test");
  ASSERT_OK(Pack());
  EXPECT_FALSE(fs::exists(into_ / "validation.pack")) << "there is no such part any more";
  EXPECT_EQ(ReadFile(into_ / "test.pack").value(), of_val);
}

TEST_F(PackTest, OtherColumnsAreAnotherPack) {
  ASSERT_OK_AND_ASSIGN(LoadedSet set, OpenImageFiles(FileLayout::kFolders, DataConfig(), from_));
  for (const auto& [columns, verified] : {std::pair<const char*, bool>{"", false},
                                          {"image, label", true},
                                          {"image, breed", false},
                                          {"image, breed", true}}) {
    set.columns = columns;
    ASSERT_OK_AND_ASSIGN(const PackResult result, PackImages(set, from_, {}, into_));
    EXPECT_EQ(result.verified, verified) << columns;
  }
}

TEST_F(PackTest, TrainAloneIsOnePack) {
  fs::remove_all(from_ / "val");
  ASSERT_OK(Pack());
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, OpenPacks());
  EXPECT_EQ(packed.train->size(), 3);
  EXPECT_EQ(packed.test, nullptr);
}

TEST_F(PackTest, DamagedImagesArePackedAndCounted) {
  const std::string damaged = WithoutEnd(EncodePng(MakePicture(30, 20, 9)));
  Write("train/a/2.png", damaged);
  Write("train/a/3.png", damaged);
  ASSERT_OK_AND_ASSIGN(const PackResult result, Pack());
  EXPECT_EQ(result.damaged.count, 2);
  EXPECT_THAT(result.damaged.example,
              HasSubstr((from_ / "train/a/2.png").string() + ": a damaged PNG"));
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, OpenPacks());
  int found = 0;
  for (int64_t i = 0; i < packed.train->size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const StoredImage stored, packed.train->Read(i));
    found += std::get<EncodedBytes>(stored).bytes == damaged;
  }
  EXPECT_EQ(found, 2) << "as they are";
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
  const auto set = OpenImageFiles(FileLayout::kFolders, DataConfig(), from_);
  fs::create_directory_symlink(from_, into_ / "link");
  for (const fs::path& into : {from_, from_ / "train", from_ / "new/er", into_ / "link"}) {
    EXPECT_THAT(PackImages(*set, from_, {}, into),
                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("take one outside")));
  }
}

TEST_F(PackTest, NothingGoodIsNoPack) {
  for (const char* name : {"val/a/1.jpg", "val/b/1.jpg"}) Write(name, "no image");
  EXPECT_THAT(Pack({.skip_bad = true}),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("no image could be read")));
}

// As many as the other part has are not all.
TEST_F(PackTest, LeftOutImagesAreCountedForEachPartAlone) {
  for (const char* name : {"val/a/1.jpg", "train/a/1.jpg", "train/a/2.png"})
    Write(name, "no image");
  ASSERT_OK_AND_ASSIGN(const PackResult result, Pack({.skip_bad = true}));
  EXPECT_EQ(result.left_out, 3);
}

// A picture that can be opened and not decoded is found even if it is packed as it is.
TEST_F(PackTest, TruncatedPictureIsBad) {
  const std::string bytes = ReadFile(from_ / "val/a/1.jpg").value();
  Write("val/a/1.jpg", std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_THAT(Pack(), Fails(absl::StatusCode::kDataLoss, HasSubstr("val/a/1.jpg")));
}

}  // namespace
}  // namespace vitrine
