#include "data/source/parquet/parquet.h"

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
                                   int64_t cache_bytes = kParquetCacheBytes) {
  std::vector<fs::path> paths;
  for (const std::string_view name : names) paths.push_back(Fixture(name));
  return OpenParquet(paths, cache_bytes);
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
        WrongFile{"no_image",
                  "has no column `image`, which must be struct<bytes: binary, path: string>; it "
                  "has: img, label"},
        WrongFile{"no_label",
                  "has no column `label`, which must be int64; it has: image, fine_label"},
        WrongFile{"plain_image",
                  "column `image` is binary; it must be struct<bytes: binary, path: string>"},
        WrongFile{"text_image", "column `image` is struct<bytes: string, path: string>; it must"},
        WrongFile{"only_path", "column `image` is struct<path: string>; it must be struct<bytes"},
        WrongFile{"small_label", "column `label` is int32; it must be int64"},
        WrongFile{"no_rows", "has no rows; choose a file with data"},
        WrongFile{"no_metadata", "names no classes (info.features.label.names of"},
        WrongFile{"no_json", "names no classes"}, WrongFile{"no_names", "names no classes"},
        WrongFile{"empty_names", "names no classes"},
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
  EXPECT_THAT(set.images->Read(20),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("some.parquet: row group 2: ")));
}

}  // namespace
}  // namespace vitrine
