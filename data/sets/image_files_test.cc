#include "data/sets/image_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/source/packed_source.h"
#include "data/source/parquet/parquet_testing.h"
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

  // A file of data/source/parquet/testdata.
  void CopyParquet(const std::string& name, const fs::path& to) {
    const std::string file = absl::StrCat("data/source/parquet/testdata/", name, ".parquet");
    WriteTestFile(folder_ / to, ReadFile(file).value());
  }

  absl::StatusOr<LoadedSet> Open(FileLayout layout) const {
    return OpenImageFiles(layout, config_, folder_);
  }

  const fs::path folder_ = EmptyFolder("image_files_test");
  DataConfig config_;
};

TEST_F(ImageFilesTest, OfTwoPartsTheOneBesideTrainIsTest) {
  Write("train/a/1.png");
  Write("train/b/2.png");
  for (const std::string name : {"val", "validation", "test"}) {
    Write(name + "/a/3.png");
    Write(name + "/b/4.png");
    ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kFolders));
    EXPECT_EQ(set.name, "image_files_test");
    EXPECT_THAT(set.class_names, ElementsAre("a", "b"));
    EXPECT_EQ(set.train->size(), 2);
    EXPECT_EQ(set.minival, nullptr);
    EXPECT_EQ(BytesAt(*set.test, 1), name + "/b/4.png");
    EXPECT_EQ(DescribeOrigins(set.origins), "train: train/, test: " + name + "/");
    fs::remove_all(folder_ / name);
  }
}

TEST_F(ImageFilesTest, ThreePartsAreTrainMinivalAndTest) {
  for (const char* part : {"train", "val", "test"}) {
    Write(absl::StrCat(part, "/a/1.png"));
    WritePack(absl::StrCat(part, ".pack"), {"a"});
    WriteTestParquet(folder_ / absl::StrCat(part, "-00000-of-00001.parquet"), {"a"},
                     {{absl::StrCat(part, "/a/1.png"), "", 0}});
  }
  for (const FileLayout layout : {FileLayout::kFolders, FileLayout::kParquet}) {
    ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(layout));
    EXPECT_EQ(BytesAt(*set.train, 0), "train/a/1.png");
    EXPECT_EQ(BytesAt(*set.minival, 0), "val/a/1.png");
    EXPECT_EQ(BytesAt(*set.test, 0), "test/a/1.png");
  }
  ASSERT_OK_AND_ASSIGN(const LoadedSet packed, Open(FileLayout::kPacked));
  EXPECT_EQ(DescribeOrigins(packed.origins),
            "train: train.pack, minival: val.pack, test: test.pack");
}

TEST_F(ImageFilesTest, AsOlderProgramsReadThem) {
  for (const char* part : {"train", "val", "test"}) Write(absl::StrCat(part, "/a/1.png"));
  config_.set_given_parts(DataConfig::VAL_AS_TEST);
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kFolders));
  EXPECT_EQ(set.minival, nullptr);
  EXPECT_EQ(BytesAt(*set.test, 0), "val/a/1.png");
  EXPECT_EQ(DescribeOrigins(set.origins), "train: train/, test: val/, not used: test/");
}

// As those of ImageNet and Tiny ImageNet, whose labels are not published.
TEST_F(ImageFilesTest, TestFolderWithoutClassesIsNotUsed) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png"}) {
    Write(name);
  }
  for (const char* name : {"test/1.png", "test/images/1.png", "test/.hidden"}) {
    Write(name);
    ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kFolders));
    EXPECT_EQ(set.minival, nullptr);
    EXPECT_EQ(BytesAt(*set.test, 0), "val/a/2.png");
    EXPECT_EQ(DescribeOrigins(set.origins),
              "train: train/, test: val/, not used: test/ (it has no labels)");
    fs::remove_all(folder_ / "test");
  }
  fs::remove_all(folder_ / "val");
  Write("test/1.png");
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kFolders));
  EXPECT_EQ(set.test, nullptr);
}

TEST_F(ImageFilesTest, ValidationPartNeedsLabels) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/images/1.png"}) Write(name);
  EXPECT_THAT(Open(FileLayout::kFolders),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr((folder_ / "val: has no labels").string()),
                          HasSubstr("put its pictures into a folder for each class, or take it "
                                    "away"))));
  fs::rename(folder_ / "val", folder_ / "aside");
  EXPECT_OK(Open(FileLayout::kFolders));
  for (const char* name : {"val/a/1.png", "val/b/1.png"}) Write(name);
  EXPECT_OK(Open(FileLayout::kFolders));
}

TEST_F(ImageFilesTest, OneWarningCountsWhatIsNoPictureInAllParts) {
  for (const char* name : {"train/a/images/1.png", "train/a/a.txt", "val/a/1.png", "val/Thumbs.db",
                           "test/a/1.png", "test/a/.hidden", "test/a/desktop.ini"}) {
    Write(name);
  }
  ::testing::internal::CaptureStderr();
  EXPECT_OK(Open(FileLayout::kFolders));
  const std::string err = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(err, HasSubstr("3 files that are no JPEG or PNG pictures are passed over; the first "
                             "is " +
                             (folder_ / "train/a/a.txt").string()));
  EXPECT_EQ(err.find("passed over"), err.rfind("passed over")) << err;
}

// A mistake in the names, and no lack of labels.
TEST_F(ImageFilesTest, TestFolderOfOtherClassesIsRefused) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "test/A/2.png", "test/B/2.png"}) {
    Write(name);
  }
  EXPECT_THAT(Open(FileLayout::kFolders),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr((folder_ / "test").string()), HasSubstr("'A' is new"))));
}

// Hugging Face's test parts have -1 for a label where it is not published.
TEST_F(ImageFilesTest, TestShardsWithoutLabelsAreNotUsed) {
  const auto write = [&](const std::string& part, std::vector<int64_t> labels) {
    std::vector<ParquetRow> rows;
    for (const int64_t label : labels) rows.push_back({part, "", label});
    WriteTestParquet(folder_ / absl::StrCat(part, "-00000-of-00001.parquet"), {"a", "b"}, rows);
  };
  write("train", {0, 1});
  write("validation", {0, 1});
  write("test", {-1, -1, -1});
  ASSERT_OK_AND_ASSIGN(LoadedSet set, Open(FileLayout::kParquet));
  EXPECT_EQ(set.minival, nullptr);
  EXPECT_EQ(BytesAt(*set.test, 0), "validation");
  EXPECT_EQ(DescribeOrigins(set.origins),
            "train: train-*.parquet, test: validation-*.parquet, not used: test-*.parquet (it has "
            "no labels)");
  write("test", {-1, 1, -1});
  ASSERT_OK_AND_ASSIGN(set, Open(FileLayout::kParquet));
  EXPECT_EQ(set.test->size(), 3) << "some are labels";
}

// As cifar100 of Hugging Face's hub.
TEST_F(ImageFilesTest, ColumnsThatWereChosenAreSaid) {
  CopyParquet("hub", "cifar100/train-00000-of-00001.parquet");
  CopyParquet("hub", "cifar100/test-00000-of-00001.parquet");
  ASSERT_OK_AND_ASSIGN(LoadedSet set, Open(FileLayout::kParquet));
  EXPECT_THAT(set.class_names, ElementsAre("cat", "dog", "great grey owl"));
  EXPECT_EQ(DescribeOrigins(set.origins),
            "train: cifar100/train-*.parquet, test: cifar100/test-*.parquet, images: img, labels: "
            "fine_label, not id, coarse_label (data.label_column)");
  config_.set_label_column("coarse_label");
  ASSERT_OK_AND_ASSIGN(set, Open(FileLayout::kParquet));
  EXPECT_THAT(set.class_names, ElementsAre("pet", "bird"));
  EXPECT_THAT(DescribeOrigins(set.origins), HasSubstr(", images: img, labels: coarse_label"));
  EXPECT_EQ(set.columns, "img, coarse_label");
  config_.set_image_column("image");
  EXPECT_THAT(Open(FileLayout::kParquet),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("data.image_column")));
}

TEST_F(ImageFilesTest, LabelsWithoutAListAreMatchedByWhatTheyAre) {
  CopyParquet("numbers", "train.parquet");
  CopyParquet("numbers", "valid.parquet");
  ASSERT_OK_AND_ASSIGN(LoadedSet set, Open(FileLayout::kParquet));
  EXPECT_THAT(set.class_names, ElementsAre("3", "7", "12", "100"));
  EXPECT_EQ(set.test->Label(3), 1);
  // All of its own are train's, whatever it lacks.
  WriteTestParquet(folder_ / "valid.parquet", {}, {{"x", "", 7}, {"x", "", 100}});
  ASSERT_OK_AND_ASSIGN(set, Open(FileLayout::kParquet));
  EXPECT_EQ(set.test->Label(0), 1);
  EXPECT_EQ(set.test->Label(1), 3);
  CopyParquet("no_metadata", "valid.parquet");
  EXPECT_THAT(
      Open(FileLayout::kParquet),
      Fails(absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("valid.parquet: against the training part"), HasSubstr("'0' is new"))));
}

TEST_F(ImageFilesTest, TestShardsWithoutAColumnOfLabelsAreNotUsed) {
  config_.set_label_column("dictionary");
  CopyParquet("texts", "train.parquet");
  CopyParquet("texts", "valid.parquet");
  CopyParquet("numbers", "test.parquet");
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kParquet));
  EXPECT_THAT(set.class_names, ElementsAre("Zebra", "cat", "dog", "\u00e9mu"));
  EXPECT_EQ(set.test->Label(0), 2);
  EXPECT_THAT(DescribeOrigins(set.origins), HasSubstr("not used: test.parquet (it has no labels)"));
  fs::rename(folder_ / "test.parquet", folder_ / "train.parquet");
  EXPECT_THAT(Open(FileLayout::kParquet),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("train.parquet: has no column `dictionary` of labels")));
}

TEST_F(ImageFilesTest, PartsWithOtherClassesAreRefused) {
  Write("train/a/1.png");
  Write("train/b/2.png");
  Write("val/a/3.png");
  EXPECT_THAT(Open(FileLayout::kFolders),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr((folder_ / "val").string()), HasSubstr("'b' is missing"))));
}

TEST_F(ImageFilesTest, ClassesOfTheOtherPartsAreMatchedByName) {
  WritePack("train.pack", {"a", "b"});
  WritePack("val.pack", {"b", "a"});
  WritePack("test.pack", {"b", "a"});
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, Open(FileLayout::kPacked));
  for (const auto& part : {set.minival, set.test}) {
    EXPECT_EQ(BytesAt(*part, 0), "b");
    EXPECT_EQ(part->Label(0), 1);
    EXPECT_EQ(part->Label(1), 0);
  }
}

TEST_F(ImageFilesTest, WhatIsNotThere) {
  EXPECT_THAT(OpenImageFiles(config_, folder_),
              Fails(absl::StatusCode::kNotFound,
                    HasSubstr("there are no train-*.parquet, train.pack or train/ in it")));
  EXPECT_THAT(LoadImageFolders(config_, ""),
              Fails(absl::StatusCode::kNotFound, HasSubstr("needs --data_dir")));
  Write("train/a/1.png");
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, OpenImageFiles(config_, folder_));
  EXPECT_EQ(set.test, nullptr);
  EXPECT_EQ(set.minival, nullptr);
}

}  // namespace
}  // namespace vitrine
