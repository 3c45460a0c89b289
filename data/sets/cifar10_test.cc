#include "data/sets/cifar10.h"

#include <filesystem>
#include <string>

#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Cifar10Test : public ::testing::Test {
 protected:
  absl::StatusOr<ImageSet> Read(const std::string& bytes) const {
    WriteTestFile(folder_ / "test_batch.bin", bytes);
    return ReadCifar10Test(folder_);
  }

  const std::filesystem::path folder_ = EmptyFolder("cifar10_test");
};

TEST_F(Cifar10Test, LabelAndPixelsOfEachRecord) {
  std::string bytes = CifarRecords({7, 9, 0});
  bytes[3073 + 1 + 1024] = static_cast<char>(200);  // the first green pixel of the second record
  ASSERT_OK_AND_ASSIGN(const ImageSet set, Read(bytes));
  EXPECT_THAT(set.images.sizes(), ElementsAre(3, 3, 32, 32));
  EXPECT_THAT(Labels(set), ElementsAre(7, 9, 0));
  const uint8_t* pixels = set.images.const_data_ptr<uint8_t>();
  EXPECT_EQ(pixels[0], 0);
  EXPECT_EQ(pixels[3072], 1);
  EXPECT_EQ(pixels[3072 + 1024], 200);
  EXPECT_EQ(pixels[3 * 3072 - 1], 2);
}

TEST_F(Cifar10Test, TrainIsTheFiveBatchesInOrder) {
  for (uint8_t i = 1; i <= 5; ++i) {
    WriteTestFile(folder_ / ("data_batch_" + std::to_string(i) + ".bin"), CifarRecords({i}));
  }
  ASSERT_OK_AND_ASSIGN(const ImageSet set, ReadCifar10Train(folder_));
  EXPECT_THAT(Labels(set), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(set.images.sizes(), ElementsAre(5, 3, 32, 32));
}

TEST_F(Cifar10Test, MissingFile) {
  WriteCifar10(folder_);
  std::filesystem::remove(folder_ / "data_batch_3.bin");
  EXPECT_THAT(ReadCifar10Train(folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("data_batch_3.bin: cannot open")));
}

TEST_F(Cifar10Test, WrongLength) {
  const std::string bytes = CifarRecords({1, 2});
  for (const size_t size : {1, 3072, 3074, 6145}) {
    EXPECT_THAT(Read(bytes.substr(0, size)),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("test_batch.bin: wrong length")));
  }
  EXPECT_THAT(Read(bytes + "x"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("wrong length: 6147 bytes")));
}

TEST_F(Cifar10Test, EmptyFile) {
  EXPECT_THAT(Read(""), Fails(absl::StatusCode::kInvalidArgument, HasSubstr("bin: is empty")));
}

TEST_F(Cifar10Test, LabelOutOfRange) {
  EXPECT_THAT(Read(CifarRecords({9, 10})),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("test_batch.bin: label 10 of record 1 is out of range")));
}

TEST_F(Cifar10Test, ClassNamesAreTheOfficialOnesWithoutAFile) {
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, ReadCifar10ClassNames(folder_));
  EXPECT_EQ(names.size(), 10);
  EXPECT_EQ(names[6], "frog");
}

TEST_F(Cifar10Test, ClassNamesAreTheFiles) {
  WriteTestFile(folder_ / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, ReadCifar10ClassNames(folder_));
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));
}

TEST_F(Cifar10Test, WrongNumberOfClassNames) {
  WriteTestFile(folder_ / "batches.meta.txt", "cat\ndog\n");
  EXPECT_THAT(ReadCifar10ClassNames(folder_),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("meta.txt: names 2 classes")));
}

}  // namespace
}  // namespace vitrine
