#include "data/sets/cifar.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Cifar10Test : public ::testing::Test {
 protected:
  absl::StatusOr<ImageSet> Read(const std::string& bytes) const {
    WriteTestFile(folder_ / "test_batch.bin", bytes);
    return ReadCifar10Test(folder_);
  }

  const std::filesystem::path folder_ = EmptyFolder("cifar_test");
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

TEST_F(Cifar10Test, DamagedFileThatIsGottenAgain) {
  for (const std::string& damaged : {CifarRecords({1}).substr(1), CifarRecords({10})}) {
    EXPECT_THAT(Read(damaged).status().message(), HasSubstr("; get the file again"));
    EXPECT_OK(Read(CifarRecords({1})));
  }
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
  WriteTestFile(folder_ / "batches.meta.txt",
                "\xEF\xBB\xBF"
                "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, ReadCifar10ClassNames(folder_));
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));
}

TEST_F(Cifar10Test, WrongNumberOfClassNames) {
  WriteTestFile(folder_ / "batches.meta.txt", "cat\ndog\n");
  EXPECT_THAT(ReadCifar10ClassNames(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("meta.txt: names 2 classes"), HasSubstr("remove the file"))));
  std::filesystem::remove(folder_ / "batches.meta.txt");
  EXPECT_OK(ReadCifar10ClassNames(folder_));
}

// Records of CIFAR-100: a superclass, a class, and pixels that equal the record's number.
std::string Records100(const std::vector<uint8_t>& labels) {
  std::string records;
  for (size_t i = 0; i < labels.size(); ++i) {
    records += {static_cast<char>(19), static_cast<char>(labels[i])};
    records.append(3 * 32 * 32, static_cast<char>(i));
  }
  return records;
}

class Cifar100Test : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile(own_ / "train.bin", Records100({99, 0, 42}));
    WriteTestFile(own_ / "test.bin", Records100({7}));
  }

  const std::filesystem::path folder_ = EmptyFolder("cifar100_test");
  const std::filesystem::path own_ = folder_ / "cifar-100-binary";
};

TEST_F(Cifar100Test, ClassIsTheSecondByteOfARecord) {
  for (const auto& data_dir : {folder_, own_}) {
    ASSERT_OK_AND_ASSIGN(const LoadedSet set, LoadCifar100(data_dir));
    EXPECT_EQ(set.name, "cifar100");
    EXPECT_EQ(set.train->size(), 3);
    EXPECT_EQ(set.train->Label(0), 99);
    EXPECT_EQ(set.train->Label(2), 42);
    EXPECT_EQ(set.test->Label(0), 7);
    const auto image = std::get<PlanarPixels>(set.train->Read(2).value());
    EXPECT_EQ(image.pixels[0], 2);
    EXPECT_EQ(image.pixels[3071], 2);
  }
}

// fine_label_names.txt as it is in the archive: in the order of the alphabet.
TEST_F(Cifar100Test, ClassNamesAreTheOfficialOnesWithoutAFile) {
  ASSERT_OK_AND_ASSIGN(std::vector<std::string> names, ReadCifar100ClassNames(own_));
  EXPECT_EQ(names.size(), 100);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(names[0], "apple");
  EXPECT_EQ(names[42], "leopard");
  EXPECT_EQ(names[99], "worm");
  WriteTestFile(own_ / "fine_label_names.txt", absl::StrCat(absl::StrJoin(names, "\r\n"), "\n"));
  EXPECT_EQ(ReadCifar100ClassNames(own_).value(), names);
  WriteTestFile(own_ / "fine_label_names.txt", "apple\n");
  EXPECT_THAT(ReadCifar100ClassNames(own_),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("CIFAR-100 has 100")));
}

TEST_F(Cifar100Test, DamagedFiles) {
  WriteTestFile(own_ / "test.bin", Records100({7}).substr(1));
  EXPECT_THAT(LoadCifar100(folder_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("test.bin: wrong length")));
  WriteTestFile(own_ / "test.bin", Records100({1, 100}));
  EXPECT_THAT(LoadCifar100(folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("test.bin: label 100 of record 1 is out of range: CIFAR-100 has 0")));
}

// In the parent's folder, and in it itself.
TEST(CifarTest, PythonVersionIsToldFromAnAbsentOne) {
  const std::filesystem::path folder = EmptyFolder("cifar_python_test");
  EXPECT_THAT(LoadCifar10(folder),
              Fails(absl::StatusCode::kNotFound, HasSubstr("there is no data_batch_1.bin")));
  WriteTestFile(folder / "cifar-10-batches-py/data_batch_1", "pickle");
  WriteTestFile(folder / "cifar-100-python/meta", "pickle");
  for (const auto& data_dir : {folder, folder / "cifar-10-batches-py"}) {
    EXPECT_THAT(
        LoadCifar10(data_dir),
        Fails(absl::StatusCode::kNotFound,
              AllOf(HasSubstr("cifar-10-batches-py: is CIFAR-10 for Python, in pickles"),
                    HasSubstr("binary version is wanted, its folder cifar-10-batches-bin"))));
  }
  EXPECT_THAT(LoadCifar100(folder),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("cifar-100-python: is CIFAR-100 for Python"),
                          HasSubstr("cifar-100-binary"))));
  WriteCifar10(folder / "cifar-10-batches-bin");
  EXPECT_OK(LoadCifar10(folder)) << "both are there";
}

}  // namespace
}  // namespace vitrine
