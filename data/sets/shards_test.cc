#include "data/sets/shards.h"

#include <filesystem>
#include <string>
#include <vector>

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

class ShardsTest : public ::testing::Test {
 protected:
  void Write(const std::vector<std::string>& names) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const std::string& name : names) WriteTestFile(folder_ / name, "x");
  }

  // "word: name, number of shards" of each part, or "!" and the error.
  std::vector<std::string> Found(Configurations configurations = Configurations::kLookedFor) const {
    const auto parts = FindShards(folder_, configurations);
    if (!parts.ok()) return {absl::StrCat("!", parts.status().message())};
    std::vector<std::string> found;
    for (const PartPlace& part : *parts) {
      found.push_back(absl::StrCat(part.word, ": ", part.name, ", ", part.paths.size()));
    }
    return found;
  }

  const fs::path folder_ = EmptyFolder("shards_test");
};

// What `datasets` 3.6.0 makes train and test of, in the layouts that its hub has.
TEST_F(ShardsTest, LayoutsOfTheHub) {
  Write({"data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet",
         "data/test-00000-of-00001-b0fe1ffd1b2d7d6e.parquet", "README.md"});
  EXPECT_THAT(Found(),
              ElementsAre("train: data/train-*.parquet, 2", "test: data/test-*.parquet, 1"));
  Write({"plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: plain_text/train-*.parquet, 1",
                                   "test: plain_text/test-*.parquet, 1"));
  Write({"default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: default/train/, 2", "test: default/test/, 1"));
  Write({"train/2023/0000.parquet", "train/2024/12/0000.parquet", "test-split/a/0.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: train/, 2", "test: test-*/, 1"));
  Write({"train.parquet/part-00000-3f2a-c000.snappy.parquet", "train.parquet/_SUCCESS"});
  EXPECT_THAT(Found(), ElementsAre("train: *train*/, 1")) << "as Spark writes it";
  Write({"train/0000.parquet", "validation/0000.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: train/, 1", "validation: validation/, 1"));
  Write({"default/partial-train/0000.parquet", "default/test/0000.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: default/*train*/, 1", "test: default/test/, 1"));
  Write({"mnist/mnist-train.parquet", "mnist/mnist-test.parquet"});
  EXPECT_THAT(Found(),
              ElementsAre("train: mnist/*train*.parquet, 1", "test: mnist/*test*.parquet, 1"));
  Write({"train.parquet", "valid.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: train.parquet, 1", "valid: valid.parquet, 1"));
  Write({"my_training_file.parquet", "eval1.parquet", "eval2.parquet", "dev.set.parquet"});
  EXPECT_THAT(Found(), ElementsAre("training: *training*.parquet, 1", "dev: *dev*.parquet, 1",
                                   "eval: *eval*.parquet, 2"));
  Write({"data/cifar100/train-0.parquet", "data/cifar100/test-0.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: data/cifar100/train-*.parquet, 1",
                                   "test: data/cifar100/test-*.parquet, 1"));
}

TEST_F(ShardsTest, ShardsAreInOrder) {
  Write({"train-00001-of-00003.parquet", "train-00002-of-00003.parquet",
         "train-00000-of-00003.parquet"});
  ASSERT_OK_AND_ASSIGN(const auto parts, FindShards(folder_, Configurations::kLookedFor));
  EXPECT_THAT(parts.front().paths, ElementsAre(folder_ / "train-00000-of-00003.parquet",
                                               folder_ / "train-00001-of-00003.parquet",
                                               folder_ / "train-00002-of-00003.parquet"));
}

// Within other letters a word is none.
TEST_F(ShardsTest, FilesThatSpeakOfNoPartAreTrain) {
  Write({"trainer.parquet", "latest.parquet", "evaluate.parquet", "train.csv", ".train.parquet",
         "Train.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: *.parquet, 4"));
  EXPECT_THAT(Found(Configurations::kLeftOut), IsEmpty());
  Write({"data/0000.parquet", "data/0001.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: data/*.parquet, 2"));
  Write({"notes.txt"});
  EXPECT_THAT(Found(), IsEmpty());
  Write({"0000.parquet", "test-0.parquet"});
  EXPECT_THAT(Found(), IsEmpty()) << "without train there is nothing to learn from";
}

// Older programs read these alone.
TEST_F(ShardsTest, WordBeforeADashGoesBeforeOthers) {
  Write({"train-00000-of-00001.parquet", "my_train.parquet", "train.parquet", "train/0.parquet",
         "test-00000-of-00001.parquet", "small_test.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: train-*.parquet, 1", "test: test-*.parquet, 1"));
}

TEST_F(ShardsTest, FolderItselfGoesBeforeItsData) {
  Write({"train-0.parquet", "data/train-0.parquet", "data/train-1.parquet", "data/test-0.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: train-*.parquet, 1", "test: data/test-*.parquet, 1"));
}

TEST_F(ShardsTest, OneOfSeveralConfigurationsIsAskedFor) {
  Write({"cifar10/train-0.parquet", "cifar10/test-0.parquet", "cifar100/train-0.parquet"});
  EXPECT_THAT(Found(), ElementsAre(AllOf(
                           HasSubstr("shards_test: holds several data sets: cifar10, cifar100; "),
                           HasSubstr("--data_dir=" + (folder_ / "cifar10").string()))));
  EXPECT_OK(FindShards(folder_ / "cifar10", Configurations::kLookedFor));
  EXPECT_THAT(Found(Configurations::kLeftOut), IsEmpty());
  Write({"cifar10/train-0.parquet", "cifar100/notes.txt", "train/cat/1.png"});
  EXPECT_THAT(Found(), ElementsAre("train: cifar10/train-*.parquet, 1")) << "the others are none";
}

TEST_F(ShardsTest, OneNameThatSaysSeveralThingsIsRefused) {
  Write({"train_small.parquet", "train_large.parquet"});
  EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr("train_large.parquet and "),
                                         HasSubstr("train_small.parquet: both may be the part "
                                                   "train; take one of them away"))));
  Write({"train_large.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: *train*.parquet, 1"));
  Write({"train_0.parquet", "train_1.parquet", "train2.parquet"});
  EXPECT_THAT(Found(), ElementsAre("train: *train*.parquet, 3"));
}

TEST_F(ShardsTest, NumberOfShardsIsChecked) {
  Write({"train-00000-of-00002-ab12.parquet"});
  ASSERT_OK_AND_ASSIGN(auto parts, FindShards(folder_, Configurations::kLookedFor));
  EXPECT_THAT(CheckAllShards(parts.front()),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("has 1 of the 2 shards of train; get the others")));
  Write({"train-00000-of-00002-ab12.parquet", "train-00001-of-00002-ab12.parquet"});
  ASSERT_OK_AND_ASSIGN(parts, FindShards(folder_, Configurations::kLookedFor));
  EXPECT_OK(CheckAllShards(parts.front()));
  Write({"train-00000-of-00001-ab12.parquet", "train-00000-of-00001-cd34.parquet"});
  ASSERT_OK_AND_ASSIGN(parts, FindShards(folder_, Configurations::kLookedFor));
  EXPECT_THAT(CheckAllShards(parts.front()),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("has 2 of the 1 shards of train; take those of another version")));
  Write({"train-a.parquet", "train-b.parquet"});
  ASSERT_OK_AND_ASSIGN(parts, FindShards(folder_, Configurations::kLookedFor));
  EXPECT_OK(CheckAllShards(parts.front()));
}

}  // namespace
}  // namespace vitrine
