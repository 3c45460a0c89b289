#include "data/dataset.h"

#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/status_matchers.h"
#include "data/older_config.h"
#include "data/source/parquet/parquet_testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

DataConfig Config(DataConfig::Source source, int minival_size = 0) {
  DataConfig config;
  config.set_source(source);
  config.set_minival_size(minival_size);
  return config;
}

// Of all pixels.
uint32_t Checksum(const ImageSource& source) {
  uint32_t checksum = 0;
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto image = std::get<PlanarPixels>(source.Read(i).value());
    checksum = Crc32c({reinterpret_cast<const char*>(image.pixels),
                       size_t{1} * image.channels * image.height * image.width},
                      checksum);
  }
  return checksum;
}

class DatasetTest : public ::testing::Test {
 protected:
  const fs::path folder_ = EmptyFolder("dataset_test");
};

TEST_F(DatasetTest, DigitsNeedNoFolder) {
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(DataConfig(), ""));
  EXPECT_EQ(
      dataset.Summary(),
      "digits: 1437 train, 0 minival, 360 test images of 1 x 28 x 28, 10 classes (list 8525c1a9)");
}

TEST_F(DatasetTest, MinivalComesOutOfTrainAndLeavesTestAlone) {
  ASSERT_OK_AND_ASSIGN(const Dataset without, LoadDataset(DataConfig(), ""));
  ASSERT_OK_AND_ASSIGN(const Dataset with, LoadDataset(Config(DataConfig::DIGITS, 360), ""));
  EXPECT_EQ(with.Summary(),
            "digits: 1077 train, 360 minival, 360 test images of 1 x 28 x 28, 10 classes (list "
            "8525c1a9)");
  EXPECT_EQ(Checksum(*with.test), Checksum(*without.test));
}

// Recorded: numbers of different versions can be compared only if the parts stay the same.
TEST_F(DatasetTest, DigitsPartsStayTheSameForEver) {
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(Config(DataConfig::DIGITS, 360), ""));
  EXPECT_EQ(Checksum(*dataset.train), 3687858240u);
  EXPECT_EQ(Checksum(*dataset.minival), 3702496943u);
  EXPECT_EQ(Checksum(*dataset.test), 678344602u);
}

TEST_F(DatasetTest, DigitsPartsHoldTheirShareOfEveryClass) {
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(Config(DataConfig::DIGITS, 360), ""));
  for (const Split split : {Split::kTrain, Split::kMinival, Split::kTest}) {
    const ImageSource& part = *dataset.part(split);
    std::array<int, 10> counts = {};
    for (int64_t i = 0; i < part.size(); ++i) ++counts[part.Label(i)];
    for (const int count : counts) {
      const double share = part.size() / 10.0;  // the digits' classes have 174 to 183 images
      EXPECT_NEAR(count, share, 0.04 * share + 1);
    }
  }
}

TEST_F(DatasetTest, DigitsInClutterHaveABoxForEachTestImage) {
  ASSERT_OK_AND_ASSIGN(const Dataset dataset,
                       LoadDataset(Config(DataConfig::DIGITS_IN_CLUTTER), ""));
  EXPECT_EQ(dataset.Summary(),
            "digits in clutter: 28740 train, 0 minival, 360 test images of 1 x 56 x 56, 10 classes "
            "(list 8525c1a9)");
  EXPECT_EQ(dataset.test_boxes.size(), 360);
  ASSERT_OK_AND_ASSIGN(const Dataset digits, LoadDataset(DataConfig(), ""));
  EXPECT_TRUE(digits.test_boxes.empty());
  for (int64_t i = 0; i < 360; ++i) EXPECT_EQ(dataset.test->Label(i), digits.test->Label(i));
}

TEST_F(DatasetTest, MnistInItsOwnFolderOrItsParent) {
  WriteMnist(folder_ / "mnist", 30, 10);
  for (const fs::path& folder : {folder_, folder_ / "mnist"}) {
    ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(Config(DataConfig::MNIST, 10), folder));
    EXPECT_EQ(
        dataset.Summary(),
        "mnist: 20 train, 10 minival, 10 test images of 1 x 28 x 28, 10 classes (list 8525c1a9)");
  }
}

TEST_F(DatasetTest, Cifar10InItsOwnFolderOrItsParent) {
  WriteCifar10(folder_ / "cifar-10-batches-bin");
  for (const fs::path& folder : {folder_, folder_ / "cifar-10-batches-bin"}) {
    ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(Config(DataConfig::CIFAR10), folder));
    EXPECT_EQ(
        dataset.Summary(),
        "cifar10: 50 train, 0 minival, 10 test images of 3 x 32 x 32, 10 classes (list 893c4f99)");
    EXPECT_EQ(dataset.class_names[3], "cat");
  }
}

TEST_F(DatasetTest, FolderWithoutTheDataSet) {
  EXPECT_THAT(
      LoadDataset(Config(DataConfig::MNIST), folder_),
      Fails(absl::StatusCode::kNotFound,
            AllOf(HasSubstr("there is no train-images-idx3-ubyte in it nor in its folder "
                            "mnist"),
                  HasSubstr("tools/bazel run //data:prepare -- --dataset=mnist --data_dir=" +
                            folder_.string()))));
  EXPECT_THAT(LoadDataset(Config(DataConfig::CIFAR10), folder_),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("data_batch_1.bin"), HasSubstr("--dataset=cifar10"))));
}

TEST_F(DatasetTest, PythonVersionOfCifarSaysWhatToGet) {
  WriteTestFile(folder_ / "cifar-10-batches-py/data_batch_1", "pickle");
  EXPECT_THAT(LoadDataset(Config(DataConfig::CIFAR10), folder_),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("cifar-10-batches-py: is CIFAR-10 for Python"),
                          HasSubstr("//data:prepare -- --dataset=cifar10 --data_dir=" +
                                    folder_.string()))));
}

TEST_F(DatasetTest, NoFolderGiven) {
  EXPECT_THAT(LoadDataset(Config(DataConfig::MNIST), ""),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("no --data_dir is given"),
                          HasSubstr("//data:prepare -- --dataset=mnist --data_dir=FOLDER"))));
}

TEST_F(DatasetTest, FolderThatCannotBeLookedInto) {
  const fs::path folder = folder_ / std::string(300, 'x');
  EXPECT_THAT(LoadDataset(Config(DataConfig::MNIST), folder),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("File name too long")));
  EXPECT_THAT(LoadDataset(Config(DataConfig::CIFAR10), folder),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("File name too long")));
}

TEST_F(DatasetTest, MissingFile) {
  WriteMnist(folder_, 30, 10);
  fs::remove(folder_ / "t10k-labels-idx1-ubyte");
  EXPECT_THAT(LoadDataset(Config(DataConfig::MNIST), folder_),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("t10k-labels-idx1-ubyte"), HasSubstr("//data:prepare"))));
}

TEST_F(DatasetTest, TruncatedFile) {
  WriteMnist(folder_, 30, 10);
  WriteTestFile(folder_ / "t10k-images-idx3-ubyte", IdxImages(10, 28, 28).substr(0, 5000));
  EXPECT_THAT(LoadDataset(Config(DataConfig::MNIST), folder_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("t10k-images-idx3-ubyte: truncated")));
}

TEST_F(DatasetTest, TrainAndTestImagesOfDifferentSizes) {
  WriteMnist(folder_, 30, 10);
  WriteTestFile(folder_ / "t10k-images-idx3-ubyte", IdxImages(10, 28, 27));
  EXPECT_THAT(
      LoadDataset(Config(DataConfig::MNIST), folder_),
      Fails(absl::StatusCode::kInvalidArgument, HasSubstr("differ in size; get all again")));
  WriteMnist(folder_, 30, 10);
  EXPECT_OK(LoadDataset(Config(DataConfig::MNIST), folder_));
}

TEST_F(DatasetTest, EmptyDataSet) {
  WriteMnist(folder_, 0, 10);
  EXPECT_THAT(
      LoadDataset(Config(DataConfig::MNIST), folder_),
      Fails(absl::StatusCode::kInvalidArgument, HasSubstr("train-images-idx3-ubyte: is empty")));
}

TEST_F(DatasetTest, MinivalMustLeaveSomethingToTrainOn) {
  EXPECT_OK(LoadDataset(Config(DataConfig::DIGITS, 1436), ""));
  EXPECT_THAT(LoadDataset(Config(DataConfig::DIGITS, 1437), ""),
              Fails(absl::StatusCode::kInvalidArgument,
                    "data.minival_size: must be less than the 1437 training images of digits, is "
                    "1437"));
}

TEST_F(DatasetTest, WrongConfigIsRefusedWithAllProblemsInOneLine) {
  DataConfig config = Config(DataConfig::DIGITS, -1);
  config.set_batch_size(0);
  EXPECT_THAT(LoadDataset(config, ""),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("data.batch_size"), HasSubstr("data.minival_size"))));
}

TEST_F(DatasetTest, ImageFilesInTheirFolder) {
  for (const char* name :
       {"train/a/1.png", "train/a/2.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"}) {
    WriteTestFile(folder_ / name, name);
  }
  const DataConfig config = Config(DataConfig::IMAGE_FOLDER, 1);
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_ / ""));
  EXPECT_EQ(dataset.Summary(),
            "dataset_test: 2 train, 1 minival, 2 test image files, 2 classes (list 52a4fb0b); "
            "train and minival: train/, test: val/");
  EXPECT_THAT(dataset.class_names, ElementsAre("a", "b"));
  EXPECT_THAT(LoadDataset(config, ""),
              Fails(absl::StatusCode::kNotFound, HasSubstr("needs --data_dir")));
  EXPECT_THAT(LoadDataset(Config(DataConfig::PACKED), folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("there is no train.pack")));
}

TEST_F(DatasetTest, ImageFilesFitModelsOfOneChannelAndOfThree) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"}) {
    WriteTestFile(folder_ / name, name);
  }
  DataConfig config = Config(DataConfig::IMAGE_FOLDER);
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  EXPECT_OK(CheckImages(dataset, config, {.channels = 1, .size = Square(28)}, 2));
  EXPECT_OK(CheckImages(dataset, config, {.channels = 3, .size = Square(28)}, 2));
  EXPECT_THAT(CheckImages(dataset, config, {.channels = 2, .size = Square(28)}, 2),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("3 channels, or 1 in grey, but the model takes 2")));
  config.set_normalization(DataConfig::IMAGENET_STATS);
  EXPECT_THAT(CheckImages(dataset, config, {.channels = 1, .size = Square(28)}, 2),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("normalization")));
}

TEST_F(DatasetTest, ClassWithoutTrainingImagesOnlyWhenSkipping) {
  for (const char* name : {"train/a/1.png", "val/a/1.png", "val/b/1.png"}) {
    WriteTestFile(folder_ / name, name);
  }
  fs::create_directory(folder_ / "train/b");
  DataConfig config = Config(DataConfig::IMAGE_FOLDER);
  EXPECT_THAT(LoadDataset(config, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("there are no training images of class b; add some, remove the "
                              "class, or set data.on_bad_image=SKIP")));
  config.set_on_bad_image(DataConfig::SKIP);
  EXPECT_OK(LoadDataset(config, folder_));
  config.clear_on_bad_image();
  WriteTestFile(folder_ / "train/b/1.png", "some");
  EXPECT_OK(LoadDataset(config, folder_));
  for (const char* part : {"train", "val"}) fs::remove_all(folder_ / part / "b");
  EXPECT_OK(LoadDataset(config, folder_)) << "without the class";
}

TEST_F(DatasetTest, ImageWithoutAClassOnlyWhenSkipping) {
  DataConfig config = Config(DataConfig::PARQUET);
  const auto load = [&](int64_t label) {
    WriteTestParquet(folder_ / "train.parquet", {"a", "b"},
                     {{"x", "", 0}, {"x", "", label}, {"x", "", 1}});
    WriteTestParquet(folder_ / "test.parquet", {"a", "b"}, {{"x", "", 1}});
    return LoadDataset(config, folder_);
  };
  EXPECT_THAT(load(-1), Fails(absl::StatusCode::kInvalidArgument,
                              AllOf(HasSubstr("train.parquet, row 1: label -1 of 2 classes"),
                                    HasSubstr("give it a class, or set data.on_bad_image=SKIP"))));
  EXPECT_OK(load(1));
  config.set_on_bad_image(DataConfig::SKIP);
  EXPECT_OK(load(-1));
}

// An image of each class in each part but train, which has three.
void WriteParts(const fs::path& folder, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    for (const std::string name : {"a", "b"}) {
      for (int i = 0; i < (part == "train" ? 3 : 1); ++i) {
        WriteTestFile(folder / part / name / absl::StrCat(i, ".png"), part);
      }
    }
  }
}

TEST_F(DatasetTest, GivenValidationPartIsMinival) {
  WriteParts(folder_, {"train", "val", "test"});
  ASSERT_OK_AND_ASSIGN(const Dataset dataset,
                       LoadDataset(Config(DataConfig::IMAGE_FOLDER), folder_));
  EXPECT_EQ(dataset.Summary(),
            "dataset_test: 6 train, 2 minival, 2 test image files, 2 classes (list 52a4fb0b); "
            "train: train/, minival: val/, test: test/");
  EXPECT_THAT(dataset.part(Split::kMinival)->Name(0), HasSubstr("val/a/0.png"));
  EXPECT_THAT(dataset.part(Split::kTest)->Name(0), HasSubstr("test/a/0.png"));
}

TEST_F(DatasetTest, NothingIsHeldOutBesideAGivenPart) {
  WriteParts(folder_, {"train", "val", "test"});
  EXPECT_THAT(LoadDataset(Config(DataConfig::IMAGE_FOLDER, 1), folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("data.minival_size: minival is val/"),
                          HasSubstr("leave it 0, or take that part away"))));
  DataConfig config = Config(DataConfig::IMAGE_FOLDER);
  config.set_test_size(1);
  EXPECT_THAT(LoadDataset(config, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("data.test_size: "), HasSubstr("test/; leave it 0"))));
  fs::remove_all(folder_ / "val");
  EXPECT_OK(LoadDataset(Config(DataConfig::IMAGE_FOLDER, 1), folder_));
  config.set_source(DataConfig::DIGITS);
  EXPECT_THAT(LoadDataset(config, ""),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("has a test part; leave it 0")));
}

TEST_F(DatasetTest, TestIsHeldOutOfTrainWhereNoneIsGiven) {
  WriteParts(folder_, {"train"});
  DataConfig config = Config(DataConfig::IMAGE_FOLDER);
  EXPECT_THAT(LoadDataset(config, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("data.test_size: "), HasSubstr("(train: train/)"),
                          HasSubstr("set it to the number of images to hold out"))));
  config.set_test_size(2);
  config.set_minival_size(2);
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  EXPECT_EQ(dataset.Summary(),
            "dataset_test: 2 train, 2 minival, 2 test image files, 2 classes (list 52a4fb0b); "
            "train and minival and test: train/");
  std::set<std::string> names;
  for (const Split split : {Split::kTrain, Split::kMinival, Split::kTest}) {
    const ImageSource& part = *dataset.part(split);
    EXPECT_EQ(part.Label(0) + part.Label(1), 1) << "one of each class";
    for (int64_t i = 0; i < part.size(); ++i) names.insert(part.Name(i));
  }
  EXPECT_EQ(names.size(), 6) << "no image is in two parts";
  config.set_minival_size(0);
  ASSERT_OK_AND_ASSIGN(const Dataset without, LoadDataset(config, folder_));
  EXPECT_EQ(without.test->Name(0), dataset.test->Name(0)) << "whatever minival is";
  config.set_test_size(6);
  EXPECT_THAT(LoadDataset(config, folder_),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("data.test_size: must be less than the 6 training images")));
}

TEST_F(DatasetTest, TestPartWithoutLabelsIsSaidToBeUnused) {
  WriteParts(folder_, {"train"});
  WriteTestFile(folder_ / "test" / "1.png", "x");
  EXPECT_THAT(
      LoadDataset(Config(DataConfig::IMAGE_FOLDER), folder_),
      Fails(absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("data.test_size: "), HasSubstr("not used: test/ (it has no labels)"))));
  WriteParts(folder_, {"val"});
  ASSERT_OK_AND_ASSIGN(const Dataset dataset,
                       LoadDataset(Config(DataConfig::IMAGE_FOLDER, 1), folder_));
  EXPECT_THAT(dataset.Summary(), HasSubstr("train and minival: train/, test: val/, not used: test/ "
                                           "(it has no labels)"));
}

// A class is checked in each part that is there.
TEST_F(DatasetTest, ClassesOfAModelReachEveryPart) {
  WriteParts(folder_, {"train", "val", "test"});
  ASSERT_OK_AND_ASSIGN(Dataset dataset, LoadDataset(Config(DataConfig::IMAGE_FOLDER), folder_));
  ASSERT_OK(UseClasses({"b", "a"}, &dataset));
  for (const auto& part : {dataset.train, dataset.minival, dataset.test}) {
    EXPECT_EQ(part->Label(0), 1);
  }
}

// The same files by another reading are another data set to a run that would go on.
TEST_F(DatasetTest, IdentityTellsTheReadingsApart) {
  WriteParts(folder_, {"train", "val", "test"});
  DataConfig config = Config(DataConfig::IMAGE_FOLDER);
  ASSERT_OK_AND_ASSIGN(const Dataset by_name, LoadDataset(config, folder_));
  EXPECT_THAT(DataIdentity(by_name), HasSubstr("6 train, 2 minival, 2 test images"));
  FillDefaultsOfOlder(&config);
  ASSERT_OK_AND_ASSIGN(const Dataset before, LoadDataset(config, folder_));
  EXPECT_THAT(DataIdentity(before), HasSubstr("6 train, 0 minival, 2 test images"));
  EXPECT_THAT(before.test->Name(0), HasSubstr("val/a/0.png"));
  config.set_given_parts(DataConfig::BY_NAME);
  FillDefaultsOfOlder(&config);
  EXPECT_EQ(config.given_parts(), DataConfig::BY_NAME) << "what is said stays";
}

TEST_F(DatasetTest, ImageNet100SaysHowToGetIt) {
  EXPECT_THAT(LoadDataset(Config(DataConfig::IMAGENET100), folder_),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("train-*.parquet"),
                          HasSubstr("//data:prepare -- --dataset=imagenet100"))));
}

TEST_F(DatasetTest, ClassesAreNumberedAsAModelKnowsThem) {
  ASSERT_OK_AND_ASSIGN(Dataset dataset, LoadDataset(Config(DataConfig::DIGITS, 10), ""));
  const int64_t train = dataset.train->Label(0), test = dataset.test->Label(0);
  std::vector<std::string> reversed(dataset.class_names.rbegin(), dataset.class_names.rend());
  ASSERT_OK(UseClasses(reversed, &dataset));
  EXPECT_EQ(dataset.train->Label(0), 9 - train);
  EXPECT_EQ(dataset.test->Label(0), 9 - test);
  EXPECT_EQ(dataset.minival->size(), 10);
  EXPECT_EQ(dataset.class_names, reversed);
  reversed[3] = "x";
  EXPECT_THAT(UseClasses(reversed, &dataset),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("data set digits"), HasSubstr("'x' is missing"))));
}

class CheckImagesTest : public ::testing::Test {
 protected:
  const Dataset dataset_ = LoadDataset(DataConfig(), "").value();
  DataConfig config_;
};

TEST_F(CheckImagesTest, ModelThatFits) {
  EXPECT_OK(CheckImages(dataset_, config_, {.channels = 1, .size = Square(28)}, 10));
}

TEST_F(CheckImagesTest, ImageSizeContradictsTheModelUnlessImagesAreResized) {
  EXPECT_THAT(CheckImages(dataset_, config_, {.channels = 1, .size = Square(32)}, 10),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("digits: images are 28 x 28, but the model's are 32 x 32")));
  config_.add_train_transforms()->mutable_random_resized_crop();
  EXPECT_FALSE(CheckImages(dataset_, config_, {.channels = 1, .size = Square(32)}, 10).ok())
      << "in training only";
  config_.add_evaluation_transforms()->mutable_resize_and_center_crop();
  EXPECT_OK(CheckImages(dataset_, config_, {.channels = 1, .size = Square(32)}, 10));
}

TEST_F(CheckImagesTest, ChannelsContradictTheModel) {
  EXPECT_THAT(CheckImages(dataset_, config_, {.channels = 3, .size = Square(28)}, 10),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("images have 1 channel(s), but the model takes 3")));
}

TEST_F(CheckImagesTest, AllContradictionsAtOnce) {
  EXPECT_THAT(CheckImages(dataset_, config_, {.channels = 3, .size = Square(32)}, 100),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("32 x 32"), HasSubstr("channel"),
                          HasSubstr("there are 10 classes, but the model tells 100"))));
}

}  // namespace
}  // namespace vitrine
