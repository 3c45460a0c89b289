#include "data/sets/mnist.h"

#include <filesystem>

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
                          HasSubstr("train-labels-idx1-ubyte holds 11 labels"))));
}

TEST_F(MnistTest, LabelOutOfRange) {
  WriteTestFile(folder_ / "t10k-labels-idx1-ubyte", IdxFile({3}, "\x09\x01\x0a"));
  EXPECT_THAT(ReadMnistTest(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("t10k-labels-idx1-ubyte: label 10 of item 2 is out of range")));
}

}  // namespace
}  // namespace vitrine
