#include "data/batches/loader.h"

#include <filesystem>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr char kAugmented[] = R"pb(
  source: IMAGE_FOLDER
  batch_size: 5
  normalization: IMAGENET_STATS
  train_transforms { random_resized_crop {} }
  train_transforms { horizontal_flip {} }
  train_transforms { rand_augment {} }
  train_transforms { random_erasing {} }
  evaluation_transforms { resize_and_center_crop {} }
  mix { mixup_alpha: 0.2 cutmix_alpha: 1 }
)pb";

// 16 training images of two classes and 6 of the test part, of many sizes.
class LoaderTest : public EachDevice {
 protected:
  void SetUp() override {
    EachDevice::SetUp();
    for (int i = 0; i < 22; ++i) {
      const std::string part = i < 16 ? "train" : "val", label = i % 2 == 0 ? "cat" : "dog";
      WriteTestFile(folder_ / part / label / (std::to_string(i) + ".png"),
                    EncodePng(MakePicture(20 + i, 50 - i, i)));
    }
  }

  static DataConfig Config(const std::string& more = "") {
    DataConfig config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kAugmented + more, &config));
    return config;
  }

  LoaderSpec Spec(const DataConfig& config) const {
    return {.config = config, .shape = {.channels = 3, .size = Square(24)}, .device = device_};
  }

  std::vector<Batch> Train(const DataConfig& config, int64_t first, int64_t count,
                           const Share& share = {}) {
    const Dataset dataset = LoadDataset(config, folder_).value();
    const auto sampler = Sampler::Create(3, dataset.train->size(), config).value();
    LoaderSpec spec = Spec(config);
    spec.share = share;
    const auto loader = Loader::ForTraining(dataset, spec, *sampler, /*seed=*/3, first).value();
    std::vector<Batch> batches;
    for (int64_t i = 0; i < count; ++i) batches.push_back(loader->Next().value());
    return batches;
  }

  static void ExpectEqual(const Batch& a, const Batch& b) {
    EXPECT_TRUE(a.images.equal(b.images));
    EXPECT_TRUE(a.labels.equal(b.labels));
    ASSERT_EQ(a.soft_labels.defined(), b.soft_labels.defined());
    if (!a.soft_labels.defined()) return;
    EXPECT_TRUE(a.soft_labels.equal(b.soft_labels));
  }

  const fs::path folder_ = EmptyFolder("loader_test");
};

TEST_P(LoaderTest, SameBitsForAnyNumberOfThreads) {
  const auto expected = Train(Config("loader_threads: 1"), 0, 12);
  EXPECT_THAT(expected[0].images.sizes(), ElementsAre(5, 3, 24, 24));
  EXPECT_EQ(expected[0].images.scalar_type(), at::kFloat);
  EXPECT_EQ(expected[0].images.device(), device_);
  EXPECT_THAT(expected[0].soft_labels.sizes(), ElementsAre(5, 2));
  for (const char* threads : {"loader_threads: 2", "loader_threads: 8"}) {
    const auto batches = Train(Config(threads), 0, 12);
    for (size_t i = 0; i < batches.size(); ++i) ExpectEqual(batches[i], expected[i]);
  }
}

TEST_P(LoaderTest, GoesOnInTheMiddleOfAnEpoch) {
  const auto all = Train(Config(), 0, 10);
  const auto rest = Train(Config(), 4, 6);  // an epoch has three batches
  for (size_t i = 0; i < rest.size(); ++i) ExpectEqual(rest[i], all[4 + i]);
}

// The partner of a part's first image is another part's last.
TEST_P(LoaderTest, SharesOfMixedBatchesMakeUpTheWhole) {
  DataConfig config = Config();
  config.set_batch_size(6);
  const std::vector<Batch> whole = Train(config, 0, 6);
  for (const int64_t count : {2, 3, 6}) {
    for (int64_t index = 0; index < count; ++index) {
      const std::vector<Batch> part = Train(config, 0, 6, {index, count});
      const int64_t size = 6 / count, begin = index * size;
      for (size_t i = 0; i < part.size(); ++i) {
        ASSERT_TRUE(whole[i].soft_labels.defined());
        ExpectEqual(part[i], Slice(whole[i], begin, begin + size));
      }
    }
  }
}

TEST_P(LoaderTest, EpochsAugmentAnew) {
  DataConfig config = Config("last_batch: KEEP");
  config.mutable_mix()->set_probability(0);
  const auto batches = Train(config, 0, 8);
  EXPECT_EQ(batches[3].images.size(0), 1) << "16 images";
  EXPECT_FALSE(batches[0].soft_labels.defined());
  const auto total = [&](size_t first) {
    double sum = 0;
    for (size_t i = first; i < first + 4; ++i) sum += batches[i].images.sum().item<double>();
    return sum;
  };
  EXPECT_NE(total(0), total(4));
}

TEST_P(LoaderTest, EvaluationSeesEachImageOnceInOrder) {
  const DataConfig config = Config();
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  ASSERT_OK_AND_ASSIGN(const auto loader,
                       Loader::ForEvaluation(dataset, Split::kTest, Spec(config), 4));
  std::vector<int64_t> labels;
  std::vector<int64_t> sizes;
  while (!loader->AtEnd()) {
    ASSERT_OK_AND_ASSIGN(const Batch batch, loader->Next());
    sizes.push_back(batch.images.size(0));
    EXPECT_FALSE(batch.soft_labels.defined());
    for (int64_t i = 0; i < batch.labels.size(0); ++i) {
      labels.push_back(batch.labels[i].item<int64_t>());
    }
  }
  EXPECT_THAT(sizes, ElementsAre(4, 2));
  EXPECT_THAT(labels, ElementsAre(0, 0, 0, 1, 1, 1));
}

TEST_P(LoaderTest, BadImagesFailOrAreSkippedAsTheConfigSays) {
  WriteTestFile(folder_ / "train/cat/10.png", "no image");
  WriteTestFile(folder_ / "val/cat/18.png", "no image");
  DataConfig config = Config();
  {
    ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
    ASSERT_OK_AND_ASSIGN(const auto loader,
                         Loader::ForEvaluation(dataset, Split::kTest, Spec(config), 6));
    EXPECT_THAT(loader->Next(), Fails(absl::StatusCode::kInvalidArgument,
                                      HasSubstr((folder_ / "val/cat/18.png").string())));
  }
  config.set_on_bad_image(DataConfig::SKIP);
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  ASSERT_OK_AND_ASSIGN(const auto evaluation,
                       Loader::ForEvaluation(dataset, Split::kTest, Spec(config), 6));
  ASSERT_OK_AND_ASSIGN(const Batch test, evaluation->Next());
  EXPECT_EQ((test.labels < 0).sum().item<int64_t>(), 1);
  EXPECT_EQ(evaluation->bad_images().count, 1);

  ASSERT_OK_AND_ASSIGN(const auto sampler, Sampler::Create(3, 16, config));
  ASSERT_OK_AND_ASSIGN(const auto training,
                       Loader::ForTraining(dataset, Spec(config), *sampler, 3, 0));
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK_AND_ASSIGN(const Batch batch, training->Next());
    EXPECT_EQ((batch.labels < 0).sum().item<int64_t>(), 0);
  }
  EXPECT_THAT(training->bad_images().example, HasSubstr("train/cat/10.png"));
}

TEST_P(LoaderTest, DamagedImagesAreCounted) {
  for (const char* name : {"train/cat/10.png", "val/cat/18.png"}) {
    const fs::path file = folder_ / name;
    WriteTestFile(file, WithoutEnd(ReadFile(file).value()));
  }
  const DataConfig config = Config();
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  ASSERT_OK_AND_ASSIGN(const auto evaluation,
                       Loader::ForEvaluation(dataset, Split::kTest, Spec(config), 6));
  ASSERT_OK(evaluation->Next());
  EXPECT_EQ(evaluation->damaged_images().count, 1);
  EXPECT_THAT(evaluation->damaged_images().example, HasSubstr("val/cat/18.png: a damaged PNG"));
  EXPECT_EQ(evaluation->bad_images().count, 0);
}

TEST_P(LoaderTest, TransformsThatCannotBe) {
  DataConfig config = Config();
  ASSERT_OK_AND_ASSIGN(const Dataset dataset, LoadDataset(config, folder_));
  config.add_evaluation_transforms()->mutable_random_resized_crop();
  EXPECT_THAT(Loader::ForEvaluation(dataset, Split::kTest, Spec(config), 6),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("first")));
}

INSTANTIATE_ON_EACH_DEVICE(LoaderTest);

}  // namespace
}  // namespace vitrine
