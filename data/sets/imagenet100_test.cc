#include "data/sets/imagenet100.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "data/source/packed_source.h"
#include "data/source/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
namespace fs = std::filesystem;

class ImageNet100Test : public ::testing::Test {
 protected:
  // A train.pack and a test.pack with an image of each class, whose bytes are the class's name.
  void WritePacks(const std::vector<std::string>& class_names) {
    for (const char* name : {"train.pack", "test.pack"}) {
      ASSERT_OK_AND_ASSIGN(PackedWriter writer,
                           PackedWriter::Create(folder_ / name, class_names, ""));
      for (size_t i = 0; i < class_names.size(); ++i) {
        ASSERT_OK(writer.Add(static_cast<int64_t>(i), "x", class_names[i]));
      }
      ASSERT_OK(writer.Finish());
    }
  }

  const fs::path folder_ = EmptyFolder("imagenet100_test");
  const std::vector<std::string> published_ = ImageNet100Classes();
};

TEST_F(ImageNet100Test, HundredIdentifiersInThePublishedOrder) {
  EXPECT_EQ(published_.size(), 100);
  EXPECT_EQ(std::set(published_.begin(), published_.end()).size(), 100);
  EXPECT_THAT(published_, Each(MatchesRegex("n[0-9]+")));
  EXPECT_EQ(published_[0], "n02869837");  // bonnet
  EXPECT_EQ(published_[1], "n01749939");  // green mamba
}

TEST_F(ImageNet100Test, SortedFoldersGetThePublishedLabels) {
  for (const std::string& name : published_) {
    for (const char* part : {"train", "val", "test"}) {
      WriteTestFile(folder_ / part / name / "1.JPEG", name);
    }
  }
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, OpenImageNet100(DataConfig(), folder_));
  EXPECT_EQ(set.class_names, published_);
  for (const auto& part : {set.train, set.minival, set.test}) {
    for (int64_t i = 0; i < 100; ++i) {
      EXPECT_EQ(published_[part->Label(i)], BytesAt(*part, i));
    }
  }
}

TEST_F(ImageNet100Test, NamesInWordsKeepTheirOrder) {
  std::vector<std::string> words = {"bonnet, poke bonnet",         "green mamba", "langur",
                                    "Doberman, Doberman pinscher", "gyromitra",   "Saluki"};
  while (words.size() < 100) words.push_back("class " + std::to_string(words.size()));
  WritePacks(words);
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, OpenImageNet100(DataConfig(), folder_));
  EXPECT_EQ(set.class_names, published_);
  EXPECT_EQ(set.train->Label(17), 17);

  std::swap(words[2], words[5]);
  WritePacks(words);
  EXPECT_FALSE(OpenImageNet100(DataConfig(), folder_).ok()) << "words in another order";
}

TEST_F(ImageNet100Test, OtherHundredClassesAreRefused) {
  std::vector<std::string> others = published_;
  others[40] = "n99999999";
  WritePacks(others);
  EXPECT_THAT(OpenImageNet100(DataConfig(), folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr(folder_.string()), HasSubstr("ImageNet-100: other classes"),
                          HasSubstr(published_[40]), HasSubstr("n99999999"))));
}

TEST_F(ImageNet100Test, FolderWithoutImages) {
  EXPECT_THAT(OpenImageNet100(DataConfig(), folder_),
              Fails(absl::StatusCode::kNotFound,
                    HasSubstr("there are no train-*.parquet, train.pack or train/ in it")));
}

}  // namespace
}  // namespace vitrine
