#include "data/sets/mnist.h"

#include <filesystem>
#include <string>

#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class MnistTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteMnist(folder_, 12, 3); }

  const fs::path folder_ = EmptyFolder("mnist_test");
};

TEST_F(MnistTest, TrainAndTest) {
  ASSERT_OK_AND_ASSIGN(const ImageSet train, ReadMnistTrain(folder_));
  EXPECT_THAT(train.images.sizes(), ElementsAre(12, 1, 28, 28));
  EXPECT_THAT(Labels(train), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1));
  ASSERT_OK_AND_ASSIGN(const ImageSet test, ReadMnistTest(folder_));
  EXPECT_THAT(Labels(test), ElementsAre(0, 1, 2));
}

TEST_F(MnistTest, GzipFilesByTheirNames) {
  fs::remove(folder_ / "t10k-images-idx3-ubyte");
  WriteTestFile(folder_ / "t10k-images-idx3-ubyte.gz", Gzip(IdxImages(3, 28, 28)));
  ASSERT_OK_AND_ASSIGN(const ImageSet test, ReadMnistTest(folder_));
  EXPECT_EQ(test.size(), 3);
}

TEST_F(MnistTest, MissingFile) {
  fs::remove(folder_ / "train-labels-idx1-ubyte");
  EXPECT_THAT(ReadMnistTrain(folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("mnist_test: holds neither "
                                                           "train-labels-idx1-ubyte nor")));
}

TEST_F(MnistTest, ImageAndLabelCountsDiffer) {
  WriteTestFile(folder_ / "train-labels-idx1-ubyte", IdxLabels(11));
  EXPECT_THAT(ReadMnistTrain(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("train-images-idx3-ubyte: holds 12 images"),
                          HasSubstr("train-labels-idx1-ubyte holds 11 labels; get both files"))));
  WriteMnist(folder_, 12, 3);
  EXPECT_OK(ReadMnistTrain(folder_));
}

// As they come out of some archives, which have folders of the usual names too.
TEST_F(MnistTest, FilesWithADotInTheirNames) {
  for (const std::string part : {"train", "t10k"}) {
    for (const std::string kind : {"images-idx3", "labels-idx1"}) {
      std::string dotted = part + "-" + kind + "-ubyte";
      fs::path usual = folder_ / dotted;
      dotted[dotted.find("-idx")] = '.';
      fs::rename(usual, folder_ / dotted);
      fs::create_directory(usual);
    }
  }
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, LoadMnist(folder_));
  EXPECT_EQ(set.train->size(), 12);
  EXPECT_EQ(set.test->size(), 3);
  WriteTestFile(folder_ / "t10k-images.idx3-ubyte.gz", Gzip(IdxImages(3, 28, 28)));
  fs::remove(folder_ / "t10k-images.idx3-ubyte");
  EXPECT_OK(LoadMnist(folder_));
}

TEST_F(MnistTest, ThereAreTenClassesWhateverOccurs) {
  WriteTestFile(folder_ / "train-labels-idx1-ubyte", IdxFile({12}, std::string(12, '\x03')));
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, LoadMnist(folder_));
  EXPECT_THAT(set.class_names, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(set.train->Label(0), 3);
}

// As of letters that begin at 1.
TEST_F(MnistTest, LabelsBeyondNineAreTheirOwnNames) {
  WriteTestFile(folder_ / "train-labels-idx1-ubyte",
                IdxFile({12}, "\x01\x1a\x02\x01\x01\x01\x01\x01\x01\x01\x01\x1a"));
  WriteTestFile(folder_ / "t10k-labels-idx1-ubyte", IdxFile({3}, "\x1a\x02\x01"));
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, LoadMnist(folder_));
  EXPECT_THAT(set.class_names, ElementsAre("1", "2", "26"));
  EXPECT_EQ(set.train->Label(1), 2);
  EXPECT_EQ(set.test->Label(0), 2);
  EXPECT_EQ(set.test->Label(2), 0);
}

TEST_F(MnistTest, TestLabelThatTrainHasNot) {
  WriteTestFile(folder_ / "t10k-labels-idx1-ubyte", IdxFile({3}, "\x09\x01\x0a"));
  EXPECT_THAT(LoadMnist(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("t10k-labels-idx1-ubyte: label 10 of item 2 is none of train's 10 "
                              "classes, 0 to 9")));
}

}  // namespace
}  // namespace vitrine
