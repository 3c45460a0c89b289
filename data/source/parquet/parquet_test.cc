#include "data/source/parquet/parquet.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "data/source/parquet/parquet_shard.h"
#include "data/source/parquet/parquet_testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What testdata/generate_parquet.py wrote as image i.
std::string Expected(int64_t i) {
  std::string text;
  for (int64_t times = 0; times < i % 5 + 1; ++times) absl::StrAppend(&text, "image ", i, ";");
  return text;
}

fs::path Fixture(std::string_view name) {
  return fs::path("data/source/parquet/testdata") / absl::StrCat(name, ".parquet");
}

absl::StatusOr<ParquetImages> Open(const std::vector<std::string_view>& names,
                                   int64_t cache_bytes = kParquetCacheBytes,
                                   const ParquetColumns& columns = {}) {
  std::vector<fs::path> paths;
  for (const std::string_view name : names) paths.push_back(Fixture(name));
  return OpenParquet(paths, columns, cache_bytes);
}

absl::StatusOr<ParquetImages> OpenColumns(std::string_view name, const ParquetColumns& columns) {
  return Open({name}, kParquetCacheBytes, columns);
}

std::vector<int64_t> LabelsOf(const ImageSource& source) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < source.size(); ++i) labels.push_back(source.Label(i));
  return labels;
}

absl::StatusOr<ParquetImages> OpenFile(const fs::path& path) { return OpenParquet({&path, 1}); }

absl::StatusOr<std::string> ReadBytes(const ImageSource& source, int64_t index) {
  auto image = source.Read(index);
  if (!image.ok()) return image.status();
  return std::string(std::get<EncodedBytes>(*image).bytes);
}

std::string BytesOrDie(const ImageSource& source, int64_t index) {
  return ReadBytes(source, index).value();
}

TEST(ParquetTest, TwoFilesAreOneAfterTheOther) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"shard0", "shard1"}));
  EXPECT_THAT(set.class_names, ElementsAre("cat", "dog", "great grey owl"));
  ASSERT_EQ(set.images->size(), 40);
  for (int64_t i = 0; i < 40; ++i) {
    EXPECT_EQ(BytesOrDie(*set.images, i), Expected(i));
    EXPECT_EQ(set.images->Label(i), i % 3);
  }
}

TEST(ParquetTest, FilesComeInTheOrderGiven) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"shard1", "shard0"}));
  EXPECT_EQ(BytesOrDie(*set.images, 0), Expected(25));
  EXPECT_EQ(BytesOrDie(*set.images, 15), Expected(0));
}

TEST(ParquetTest, NamesSayFileRowAndPath) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"shard0", "shard1"}));
  EXPECT_EQ(set.images->Name(17), "shard0.parquet, row 17 (17.JPEG)");
  EXPECT_EQ(set.images->Name(24), "shard0.parquet, row 24 (24.JPEG)");
  EXPECT_EQ(set.images->Name(25), "shard1.parquet, row 0 (25.JPEG)");
}

TEST(ParquetTest, LargeTypesWithoutPathsAndAHundredClasses) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"large"}));
  ASSERT_EQ(set.class_names.size(), 100);
  EXPECT_EQ(set.class_names[0], "n00000000");
  EXPECT_EQ(set.class_names[99], "n00000099");
  ASSERT_EQ(set.images->size(), 25);
  for (int64_t i = 0; i < 25; ++i) EXPECT_EQ(BytesOrDie(*set.images, i), Expected(i));
  EXPECT_EQ(set.images->Name(17), "large.parquet, row 17");
}

// What generate_parquet.py wrote.
TEST(ParquetTest, ColumnsByWhatTheFileSays) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"hub"}));
  EXPECT_EQ(set.columns.taken.image, "img");
  EXPECT_EQ(set.columns.taken.label, "fine_label");
  EXPECT_THAT(set.columns.other_labels, ElementsAre("id", "coarse_label"));
  EXPECT_THAT(set.class_names, ElementsAre("cat", "dog", "great grey owl"));
  EXPECT_TRUE(set.has_class_list);
  EXPECT_THAT(LabelsOf(*set.images), ElementsAre(0, 1, 2, 0, 1, 2, 0, 1));
  for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(BytesOrDie(*set.images, i), Expected(i));
  EXPECT_EQ(set.images->Name(3), "hub.parquet, row 3 (3.JPEG)");
  ASSERT_OK_AND_ASSIGN(const ParquetImages coarse, OpenColumns("hub", {.label = "coarse_label"}));
  EXPECT_THAT(coarse.class_names, ElementsAre("pet", "bird"));
  EXPECT_THAT(LabelsOf(*coarse.images), ElementsAre(0, 0, 1, 0, 0, 1, 0, 0));
}

TEST(ParquetTest, LabelsOfAnyIntegerType) {
  for (const char* type :
       {"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}) {
    ASSERT_OK_AND_ASSIGN(const ParquetImages set, OpenColumns("integers", {.label = type}));
    EXPECT_FALSE(set.has_class_list);
    EXPECT_THAT(set.class_names, ElementsAre("0", "1", "2"));
    EXPECT_THAT(LabelsOf(*set.images), ElementsAre(0, 1, 2, 0, 1, 2, 0, 1)) << type;
    EXPECT_EQ(BytesOrDie(*set.images, 7), Expected(7)) << "of an image without a struct";
    EXPECT_EQ(set.images->Name(7), "integers.parquet, row 7");
  }
  ASSERT_OK_AND_ASSIGN(const ParquetImages small, Open({"small_label"}));
  EXPECT_THAT(small.class_names, ElementsAre("cat", "dog", "great grey owl"));
}

TEST(ParquetTest, NumbersWithoutNamesAreTheirOwnNames) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"numbers"}));
  EXPECT_THAT(set.class_names, ElementsAre("3", "7", "12", "100"));
  EXPECT_THAT(LabelsOf(*set.images), ElementsAre(2, 0, -1, 1, 0, kNullLabel, 3));
  EXPECT_THAT(set.images->Read(2),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("row 2: label -1 of 4 classes")));
  for (const char* name : {"no_metadata", "no_json", "no_names", "empty_names"}) {
    ASSERT_OK_AND_ASSIGN(const ParquetImages row, Open({name}));
    EXPECT_THAT(row.class_names, ElementsAre("0")) << name;
  }
}

// In the order of their bytes, as those of folders.
TEST(ParquetTest, TextsAreClasses) {
  for (const char* column : {"text", "dictionary", "view"}) {
    ASSERT_OK_AND_ASSIGN(const ParquetImages set, OpenColumns("texts", {.label = column}));
    EXPECT_THAT(set.class_names, ElementsAre("Zebra", "cat", "dog", "\u00e9mu"));
    EXPECT_THAT(LabelsOf(*set.images), ElementsAre(2, 1, 2, kNullLabel, kNullLabel, 3, 0, 1))
        << column;
    for (int64_t i : {0, 5, 6, 7}) EXPECT_EQ(BytesOrDie(*set.images, i), Expected(i));
    EXPECT_THAT(set.images->Read(4), Fails(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("row 4: the label is null or empty")));
  }
}

// What occurs in one file need not occur in the other.
TEST(ParquetTest, ClassesThatOccurAreThoseOfAllFiles) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"no_metadata", "numbers", "no_metadata"}));
  EXPECT_THAT(set.class_names, ElementsAre("0", "3", "7", "12", "100"));
  EXPECT_THAT(LabelsOf(*set.images), ElementsAre(0, 3, 1, -1, 2, 1, kNullLabel, 4, 0));
  EXPECT_THAT(Open({"no_metadata", "shard0"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("shard0.parquet: its labels are indices of a list of classes, "
                                    "but numbers without names in "),
                          HasSubstr("no_metadata.parquet; give files of one data set only"))));
}

TEST(ParquetTest, ColumnsOfTheFirstFileAreThoseOfAll) {
  EXPECT_THAT(Open({"shard0", "hub"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("hub.parquet: has no column `image` of images")));
}

// A test part, as some are published.
TEST(ParquetTest, LabelsMayLackWhereThatIsSaid) {
  const ParquetColumns columns = {.image = "image", .label = "other", .label_may_lack = true};
  ASSERT_OK_AND_ASSIGN(const ParquetImages set,
                       Open({"shard0", "shard1"}, kParquetCacheBytes, columns));
  EXPECT_EQ(set.images->size(), 40);
  EXPECT_THAT(LabelsOf(*set.images), ::testing::Each(kNullLabel));
  EXPECT_THAT(OpenColumns("shard0", {.label = "other"}),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("has no column `other` of")));
}

// Captions are no classes, be they long or many.
TEST(ParquetTest, ClassesHaveALimit) {
  EXPECT_THAT(Open({"captions"}), Fails(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("captions.parquet: has a label of 1001 "),
                                              HasSubstr("set data.label_column"))));
  EXPECT_THAT(OpenColumns("captions", {.label = "kind"})->class_names, ElementsAre("a", "b"));
  const fs::path path = EmptyFolder("parquet_classes_test") / "train-0.parquet";
  std::vector<ParquetRow> rows(100'001);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {.image = "x", .path = "", .label = static_cast<int64_t>(i)};
  }
  WriteTestParquet(path, {}, rows, /*rows_per_group=*/100'000);
  EXPECT_THAT(OpenFile(path), Fails(absl::StatusCode::kInvalidArgument,
                                    AllOf(HasSubstr("train-0.parquet: has more than 100000"),
                                          HasSubstr("set data.label_column"))));
  rows.pop_back();
  WriteTestParquet(path, {}, rows);
  EXPECT_OK(OpenFile(path));
}

// With no room in the cache, most reads decode their row group anew.
TEST(ParquetTest, TheOrderOfReadingChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"shard0", "shard1"}, /*cache_bytes=*/0));
  RandomStream order(1, "order");
  for (int i = 0; i < 500; ++i) {
    const int64_t index = static_cast<int64_t>(order.Below(set.images->size()));
    EXPECT_EQ(BytesOrDie(*set.images, index), Expected(index));
  }
}

TEST(ParquetTest, BytesStayAsLongAsTheirOwner) {
  ASSERT_OK_AND_ASSIGN(ParquetImages set, Open({"shard0", "shard1"}, /*cache_bytes=*/0));
  std::vector<EncodedBytes> images;
  for (int64_t i = 0; i < 40; ++i) {
    ASSERT_OK_AND_ASSIGN(StoredImage image, set.images->Read(i));
    images.push_back(std::get<EncodedBytes>(image));
  }
  set.images = nullptr;
  for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(images[i].bytes, Expected(i));
}

TEST(ParquetTest, ManyThreadsReadTheSame) {
  for (const int64_t cache_bytes : {int64_t{0}, kParquetCacheBytes}) {
    ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"shard0", "shard1"}, cache_bytes));
    std::vector<int> wrong(8);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        RandomStream order(1, "order", t);
        for (int i = 0; i < 300; ++i) {
          const int64_t index = static_cast<int64_t>(order.Below(set.images->size()));
          if (BytesOrDie(*set.images, index) != Expected(index)) ++wrong[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(wrong, ::testing::Each(0));
  }
}

// While it is kept, an image is the same memory each time.
TEST(ParquetTest, RowGroupsUsedLastAreKept) {
  const auto address = [](const ParquetImages& set, int64_t index) {
    return std::get<EncodedBytes>(set.images->Read(index).value()).owner;
  };
  ASSERT_OK_AND_ASSIGN(const ParquetImages kept, Open({"shard0"}));
  const auto first = address(kept, 0);
  EXPECT_NE(address(kept, 10), first);
  EXPECT_EQ(address(kept, 9), first);
  ASSERT_OK_AND_ASSIGN(const ParquetImages dropped, Open({"shard0"}, /*cache_bytes=*/1));
  const auto again = address(dropped, 0);
  EXPECT_EQ(address(dropped, 9), again);
  EXPECT_NE(address(dropped, 10), again);
  EXPECT_EQ(again.use_count(), 1);
  EXPECT_NE(address(dropped, 9), again);
}

TEST(ParquetTest, FlawedRowsAreErrorsOfTheirOwn) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"flawed"}));
  const ImageSource& images = *set.images;
  const auto fails = [&](int64_t row, std::string_view reason) {
    return Fails(absl::StatusCode::kInvalidArgument,
                 HasSubstr(absl::StrCat("data/source/parquet/testdata/flawed.parquet, row ", row,
                                        ": ", reason)));
  };
  for (const int64_t row : {1, 2, 3}) {
    EXPECT_EQ(images.Label(row), 0);
    EXPECT_THAT(images.Read(row), fails(row, "no bytes of an image; "));
  }
  EXPECT_THAT(images.Read(4), fails(4, "the label is null"));
  EXPECT_THAT(images.Read(5), fails(5, "label 3 of 3 classes"));
  EXPECT_THAT(images.Read(6), fails(6, "label -1 of 3 classes"));
  for (const int64_t row : {4, 5, 6}) EXPECT_LT(images.Label(row), 0);
  EXPECT_EQ(BytesOrDie(images, 0), "good");
  EXPECT_EQ(BytesOrDie(images, 7), "good again");
}

TEST(ParquetTest, NamesOfFlawedRowsAreOneLine) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"flawed"}));
  EXPECT_EQ(set.images->Name(1), "flawed.parquet, row 1");
  EXPECT_EQ(set.images->Name(2), "flawed.parquet, row 2 (elsewhere/1.JPEG)");
  EXPECT_EQ(set.images->Name(3), "flawed.parquet, row 3");
  EXPECT_EQ(set.images->Name(4), "flawed.parquet, row 4 (a\\nb.JPEG)");
}

struct WrongFile {
  std::string_view name, reason;
};

class WrongFileTest : public ::testing::TestWithParam<WrongFile> {};

TEST_P(WrongFileTest, IsRefusedWithAReason) {
  EXPECT_THAT(Open({GetParam().name}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr(absl::StrCat(GetParam().name, ".parquet: ", GetParam().reason))));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongFileTest,
    ::testing::Values(
        WrongFile{"text_image",
                  "has no column of images (struct<bytes: binary, path: string> or binary); it "
                  "has: image: struct<bytes: string, path: string>, label: int64; name one by "
                  "data.image_column"},
        WrongFile{"only_path", "has no column of images"},
        WrongFile{"no_rows", "has no rows; choose a file with data"},
        WrongFile{"number_as_name", "the name of class 1 is no text or another's"},
        WrongFile{"same_name_twice", "the name of class 2 is no text or another's"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ParquetTest, FilesMustAgreeOnTheClasses) {
  EXPECT_THAT(Open({"shard0", "other_name"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("other_name.parquet: class 1 is 'fox', but 'dog' in "),
                          HasSubstr("shard0.parquet; give files of one data set only"))));
  EXPECT_THAT(Open({"shard0", "fewer_names"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("fewer_names.parquet: names 2 classes, but there are 3 in ")));
}

TEST(ParquetTest, PipeThatNobodyWritesIntoIsNotWaitedFor) {
  const fs::path pipe = EmptyFolder("parquet_pipe_test") / "train-0.parquet";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(OpenFile(pipe),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST(ParquetTest, NoFile) {
  EXPECT_THAT(OpenParquet({}),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("no Parquet file is given")));
  EXPECT_THAT(Open({"shard0", "absent"}),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent.parquet: cannot open")));
  EXPECT_THAT(OpenFile(EmptyFolder("parquet_test")),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

// 1.2 GB in a file of 2 kB, whose labels are all right.
TEST(ParquetTest, ARowGroupMayNotTakeAnyAmountOfMemory) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, Open({"bomb"}));
  EXPECT_EQ(set.images->size(), 140);
  EXPECT_THAT(set.images->Read(0),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("bomb.parquet: row group 0: takes more than 1024 MiB of memory; "
                              "write it with smaller row groups")));
  ASSERT_OK_AND_ASSIGN(const ParquetImages smaller, Open({"bomb_in_groups"}, /*cache_bytes=*/0));
  EXPECT_EQ(smaller.images->size(), 140);
  EXPECT_EQ(BytesOrDie(*smaller.images, 139).size(), 8 << 20);
}

class DamagedParquetTest : public ::testing::Test {
 protected:
  DamagedParquetTest() { bytes_ = ReadFile(Fixture("shard0")).value(); }

  absl::StatusOr<ParquetImages> OpenBytes(std::string_view bytes) const {
    // Not WriteTestFile, which waits for the disk, as file systems do when a file is cut to
    // nothing.
    fs::remove(path_);
    std::ofstream(path_, std::ios::binary) << bytes;
    return OpenFile(path_);
  }

  // Reads all that can be read: most damage must be an error, and none may end the program.
  // Returns what Open or the first Read that fails says.
  absl::Status ReadAll(std::string_view bytes) const {
    const auto set = OpenBytes(bytes);
    if (!set.ok()) return set.status();
    (void)set->images->Name(0);
    for (int64_t i = 0; i < set->images->size(); ++i) {
      if (const auto image = set->images->Read(i); !image.ok()) return image.status();
    }
    return absl::OkStatus();
  }

  const fs::path path_ = EmptyFolder("parquet_test") / "some.parquet";
  std::string bytes_;
};

TEST_F(DamagedParquetTest, EveryTruncatedLengthFails) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_THAT(OpenBytes(bytes_.substr(0, size)),
                Fails(absl::StatusCode::kDataLoss,
                      HasSubstr(absl::StrCat("some.parquet: truncated: ", size, " bytes"))));
  }
}

// The ends are there, what lies between is cut.
TEST_F(DamagedParquetTest, EveryShortenedFileFails) {
  const std::string end = bytes_.substr(bytes_.size() - 8);  // the footer's length, and the magic
  for (size_t size = 0; size < bytes_.size() - 8; size += 3) {
    EXPECT_THAT(ReadAll(bytes_.substr(0, size) + end),
                AnyOf(Fails(absl::StatusCode::kDataLoss, HasSubstr("some.parquet: ")),
                      Fails(absl::StatusCode::kInvalidArgument, HasSubstr("some.parquet: "))))
        << size;
  }
}

TEST_F(DamagedParquetTest, OtherFilesAreNamedAsSuch) {
  EXPECT_THAT(OpenBytes("version https://git-lfs.github.com/spec/v1"),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("some.parquet: not a Parquet file: it begins with 'vers' instead of "
                              "'PAR1'; get the file itself")));
  EXPECT_THAT(OpenBytes(std::string(100, '\0')),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("'\\x00\\x00\\x00\\x00'")));
  EXPECT_THAT(OpenBytes("PAR1PAR1"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("some.parquet: truncated: 8 bytes")));
}

// Without checksums not all damage can be seen, but whatever the file says, the program goes on.
TEST_F(DamagedParquetTest, AnyByteMayHaveAnyDamage) {
  int seen = 0;
  for (size_t at = 0; at < bytes_.size(); ++at) {
    for (const int flipped : {0x01, 0xff}) {
      std::string bytes = bytes_;
      bytes[at] = static_cast<char>(bytes[at] ^ flipped);
      const absl::Status status = ReadAll(bytes);
      if (status.ok()) continue;
      ++seen;
      EXPECT_THAT(status, AnyOf(Fails(absl::StatusCode::kDataLoss, HasSubstr("some.parquet")),
                                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("some.parq"))))
          << "byte " << at;
    }
  }
  EXPECT_GT(seen, static_cast<int>(bytes_.size()));
}

// A run of bytes of the footer that is replaced hits several fields at once.
TEST_F(DamagedParquetTest, ManyBytesMayBeDamaged) {
  for (uint64_t trial = 0; trial < 2000; ++trial) {
    RandomStream random(trial, "damage");
    std::string bytes = bytes_;
    for (uint64_t n = random.Below(8) + 1; n > 0; --n) {
      bytes[4 + random.Below(bytes.size() - 8)] = static_cast<char>(random());
    }
    (void)ReadAll(bytes);
  }
}

TEST_F(DamagedParquetTest, ACorruptPageIsNamedByItsRowGroup) {
  bytes_ = ReadFile(Fixture("shard1")).value();  // has checksums
  const size_t at = bytes_.find("image 37;");
  ASSERT_NE(at, std::string::npos);
  bytes_[at] ^= 1;
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, OpenBytes(bytes_));
  EXPECT_EQ(BytesOrDie(*set.images, 9), Expected(34));
  for (int64_t row = 10; row < 15; ++row) {
    EXPECT_THAT(set.images->Read(row),
                Fails(absl::StatusCode::kDataLoss, AllOf(HasSubstr("some.parquet: row group 1: "),
                                                         HasSubstr("; get the file again"))));
  }
}

// A file that gets shorter while it is open must not end the program.
TEST_F(DamagedParquetTest, AFileThatIsCutOffLaterFails) {
  ASSERT_OK_AND_ASSIGN(const ParquetImages set, OpenBytes(bytes_));
  EXPECT_EQ(BytesOrDie(*set.images, 0), Expected(0));
  fs::resize_file(path_, 100);
  EXPECT_EQ(BytesOrDie(*set.images, 1), Expected(1));
  EXPECT_THAT(
      set.images->Read(20),
      Fails(absl::StatusCode::kDataLoss, HasSubstr("some.parquet: has changed, from 3213 to 100")));
  fs::remove(path_);
  EXPECT_THAT(set.images->Read(10),
              Fails(absl::StatusCode::kNotFound, HasSubstr("some.parquet: cannot open")));
  EXPECT_OK(ReadAll(bytes_)) << "gotten again";
}

// As of data sets with hundreds of them, on machines that let a process have 256 files open.
TEST(ParquetTest, ManyFilesAreNotOpenAtOnce) {
  const fs::path folder = EmptyFolder("many_parquet_test");
  std::vector<fs::path> shards;
  for (int64_t i = 0; i < 60; ++i) {
    shards.push_back(folder / absl::StrCat("train-", 10 + i, ".parquet"));
    WriteTestParquet(shards.back(), {"a", "b"}, {{absl::StrCat("image ", i), "", i % 2}});
  }
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 40;  // more than the test itself has open
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto set = OpenParquet(shards, {}, /*cache_bytes=*/0);
  std::vector<std::string> images;
  for (int64_t i = 0; set.ok() && i < set->images->size(); ++i) {
    const auto bytes = ReadBytes(*set->images, i);
    images.push_back(bytes.ok() ? *bytes : std::string(bytes.status().message()));
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_OK(set);
  ASSERT_EQ(images.size(), 60);
  for (int64_t i = 0; i < 60; ++i) EXPECT_EQ(images[i], absl::StrCat("image ", i));
}

}  // namespace
}  // namespace vitrine
