#include "data/sets/given_parts.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class GivenPartsTest : public ::testing::Test {
 protected:
  void Write(const fs::path& name) { WriteTestFile(folder_ / name, "x"); }

  absl::StatusOr<PartPlaces> Find(FileLayout layout,
                                  DataConfig::GivenParts reading = DataConfig::BY_NAME) const {
    return FindParts(layout, reading, folder_);
  }

  const fs::path folder_ = EmptyFolder("given_parts_test");
};

TEST_F(GivenPartsTest, EveryWordInEveryLayout) {
  const struct {
    FileLayout layout;
    std::string before, after;
  } layouts[] = {{FileLayout::kFolders, "", "/a/1.png"},
                 {FileLayout::kPacked, "", ".pack"},
                 {FileLayout::kParquet, "", "-00000-of-00001.parquet"},
                 {FileLayout::kParquet, "data/", "-00000-of-00001.parquet"}};
  const struct {
    std::string train, val, test;
  } words[] = {{"train", "val", "test"},
               {"training", "validation", "testing"},
               {"train", "valid", "eval"},
               {"train", "dev", "evaluation"}};
  for (const auto& [layout, before, after] : layouts) {
    for (const auto& [train, val, test] : words) {
      fs::remove_all(folder_);
      for (const auto& word : {train, val, test}) Write(absl::StrCat(before, word, after));
      EXPECT_EQ(FindLayout(folder_), layout);
      ASSERT_OK_AND_ASSIGN(const PartPlaces parts, Find(layout));
      EXPECT_EQ(parts.train.word, train);
      ASSERT_TRUE(parts.validation.has_value() && parts.test.has_value()) << val << test;
      EXPECT_EQ(parts.validation->word, val);
      EXPECT_EQ(parts.test->word, test);
    }
  }
}

TEST_F(GivenPartsTest, PartsAreNamedAsTheirUserSeesThem) {
  Write("train.pack");
  Write("val/a/1.png");
  Write("data/test-00000-of-00001.parquet");
  Write("train-00000-of-00001.parquet");
  Write("train/a/1.png");
  EXPECT_EQ(Find(FileLayout::kPacked)->train.name, "train.pack");
  EXPECT_EQ(Find(FileLayout::kFolders)->validation->name, "val/");
  EXPECT_EQ(Find(FileLayout::kParquet)->test->name, "data/test-*.parquet");
}

// Which of them is meant can't be known.
TEST_F(GivenPartsTest, TwoNamesOfOnePartAreRefused) {
  for (const char* name : {"train/a/1.png", "val/a/1.png", "valid/a/1.png"}) Write(name);
  EXPECT_THAT(Find(FileLayout::kFolders),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr(folder_.string()), HasSubstr("both val/ and valid/"),
                          HasSubstr("take one of them away"))));
  fs::remove_all(folder_ / "valid");
  EXPECT_OK(Find(FileLayout::kFolders));
}

// What runs of older programs were tested on, whatever lay beside it.
TEST_F(GivenPartsTest, AsOlderProgramsTheFirstOfThreeIsTest) {
  for (const char* word : {"train", "valid", "test"}) Write(absl::StrCat(word, "/a/1.png"));
  ASSERT_OK_AND_ASSIGN(PartPlaces parts, Find(FileLayout::kFolders, DataConfig::VAL_AS_TEST));
  EXPECT_EQ(parts.test->name, "test/");
  EXPECT_FALSE(parts.validation.has_value());
  EXPECT_THAT(parts.unused, IsEmpty());

  Write("validation/a/1.png");
  ASSERT_OK_AND_ASSIGN(parts, Find(FileLayout::kFolders, DataConfig::VAL_AS_TEST));
  EXPECT_EQ(parts.test->name, "validation/");
  EXPECT_THAT(parts.unused, ElementsAre("test/"));

  Write("val/a/1.png");
  ASSERT_OK_AND_ASSIGN(parts, Find(FileLayout::kFolders, DataConfig::VAL_AS_TEST));
  EXPECT_EQ(parts.test->name, "val/");
  EXPECT_THAT(parts.unused, ElementsAre("validation/", "test/"));
}

TEST_F(GivenPartsTest, WhatIsNotThere) {
  EXPECT_FALSE(FindLayout(folder_).has_value());
  EXPECT_FALSE(FindLayout(folder_ / "absent").has_value());
  for (const auto reading : {DataConfig::BY_NAME, DataConfig::VAL_AS_TEST}) {
    EXPECT_THAT(Find(FileLayout::kFolders, reading),
                Fails(absl::StatusCode::kNotFound, folder_.string() + ": there is no train/"));
    EXPECT_THAT(Find(FileLayout::kPacked, reading),
                Fails(absl::StatusCode::kNotFound, HasSubstr("there is no train.pack")));
    EXPECT_THAT(Find(FileLayout::kParquet, reading),
                Fails(absl::StatusCode::kNotFound, HasSubstr("there is no train-*.parquet")));
    EXPECT_THAT(FindParts(FileLayout::kFolders, reading, folder_ / "absent"),
                Fails(absl::StatusCode::kNotFound, HasSubstr("absent: no such folder")));
  }
}

TEST_F(GivenPartsTest, ParquetOfAConfigurationIsFoundLast) {
  Write("plain_text/train-00000-of-00001.parquet");
  EXPECT_FALSE(FindOwnLayout(folder_).has_value());
  EXPECT_EQ(FindLayout(folder_), FileLayout::kParquet);
  EXPECT_EQ(Find(FileLayout::kParquet)->train.name, "plain_text/train-*.parquet");
  Write("train/a/1.png");
  EXPECT_EQ(FindLayout(folder_), FileLayout::kFolders);
  Write("train/0000.parquet");
  EXPECT_EQ(FindOwnLayout(folder_), FileLayout::kParquet);
}

// Which is meant is asked when they are opened.
TEST_F(GivenPartsTest, SeveralConfigurationsAreALayoutToo) {
  Write("a/train-0.parquet");
  Write("b/train-0.parquet");
  EXPECT_EQ(FindLayout(folder_), FileLayout::kParquet);
  EXPECT_THAT(Find(FileLayout::kParquet),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("several data sets: a, b")));
}

TEST_F(GivenPartsTest, MissingShardIsCounted) {
  Write("data/train-00000-of-00002.parquet");
  EXPECT_EQ(FindLayout(folder_), FileLayout::kParquet);
  EXPECT_THAT(Find(FileLayout::kParquet),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("has 1 of the 2 shards of train; get the others")));
}

}  // namespace
}  // namespace vitrine
