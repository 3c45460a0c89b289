#include "eval/knn.h"

#include <limits>
#include <memory>
#include <string>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/source/memory_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Neighbours Near(std::vector<int64_t> index, std::vector<float> similarity, int64_t count) {
  const auto k = static_cast<int64_t>(index.size()) / count;
  return {.similarity = at::tensor(similarity).view({count, k}),
          .index = at::tensor(index).view({count, k})};
}

TEST(CountTest, EqualVotesAreForTheSmallerClass) {
  const at::Tensor votes = at::tensor({0.0, 1.0, 0.5, 1.0, 0.0, 0.0, 0.2}).view({1, 7});
  const Neighbours near = Near({3, 5}, {0.5F, 0.25F}, 1);
  for (const int64_t truth : {1, 3}) {
    KnnResult result;
    Count(near, votes, at::tensor({truth}), at::tensor({int64_t{8}}), &result);
    EXPECT_EQ(result.count, 1);
    EXPECT_EQ(result.correct_top1, truth == 1 ? 1 : 0);
    EXPECT_EQ(result.correct_top5, 1);
    EXPECT_EQ(result.answers[0].index, 8);
    EXPECT_EQ(result.answers[0].truth, truth);
    EXPECT_EQ(result.answers[0].prediction, 1);
    EXPECT_NEAR(result.answers[0].share, 1 / 2.7, 1e-12);
    EXPECT_THAT(result.answers[0].near, ElementsAre(3, 5));
    EXPECT_THAT(result.answers[0].cosines, ElementsAre(0.5F, 0.25F));
  }
}

// By its number class 0 would be the fifth.
TEST(CountTest, ClassWithoutAVoteIsNoAnswer) {
  const at::Tensor votes = at::tensor({0.0, 1.0, 0.5, 1.0, 0.0, 0.0, 0.2}).view({1, 7});
  for (const int64_t truth : {0, 4}) {
    KnnResult result;
    Count(Near({0}, {1}, 1), votes, at::tensor({truth}), at::tensor({int64_t{0}}), &result);
    EXPECT_EQ(result.correct_top5, 0) << truth;
  }
}

// A tiny model on pictures in memory.
class KnnTest : public EachDevice {
 protected:
  KnnTest() {
    ModelConfig& model = *config_.mutable_model();
    model.set_image_size(8);
    model.set_channels(1);
    model.set_width(16);
    model.set_depth(1);
    model.set_heads(2);
    model.set_num_classes(3);  // not those of the data
    model_.emplace(VisionTransformer::Create(model, 1).value().Clone(device_));
  }

  // So many random pictures for train, of classes 0, 1, 0, 1 ..., and the last of them for test.
  FeatureData Data(int64_t train, int64_t test) const {
    at::Tensor images = at::empty({train, 1, 8, 8}, at::kByte);
    images.random_(0, 256, at::detail::createCPUGenerator(3));
    at::Tensor labels = at::empty({train}, at::kLong);
    for (int64_t i = 0; i < train; ++i) labels[i] = i % 2;
    Dataset dataset;
    dataset.class_names = {"even", "odd"};
    const auto source = [&](int64_t first, int64_t count) {
      return std::make_shared<MemorySource>("made up",
                                            ImageSet{images.narrow(0, first, count).contiguous(),
                                                     labels.narrow(0, first, count).contiguous()});
    };
    dataset.train = source(0, train);
    dataset.test = source(train - test, test);
    dataset.minival = source(0, 0);
    const LoaderSpec spec = {
        .config = {}, .shape = {.channels = 1, .size = Square(8)}, .device = device_};
    return {std::make_unique<Dataset>(std::move(dataset)), spec};
  }

  ExperimentConfig config_;
  std::optional<VisionTransformer> model_;
};
INSTANTIATE_ON_EACH_DEVICE(KnnTest);

TEST_P(KnnTest, AnImageIsItsOwnNearest) {
  const FeatureData data = Data(300, 140);  // more than a batch of each
  ASSERT_OK_AND_ASSIGN(const KnnResult result, EvaluateKnn(*model_, data, Split::kTest, {.k = 1}));
  EXPECT_EQ(result.memory, 300);
  EXPECT_EQ(result.count, 140);
  EXPECT_EQ(result.correct_top1, 140);
  EXPECT_EQ(result.correct_top5, 140);
  for (int64_t i = 0; i < 140; ++i) {
    EXPECT_EQ(result.answers[i].index, i);
    EXPECT_THAT(result.answers[i].near, ElementsAre(160 + i));
    EXPECT_NEAR(result.answers[i].cosines[0], 1, 1e-5);
  }
}

TEST_P(KnnTest, WhatIsNotThereIsRefused) {
  const FeatureData data = Data(10, 4);
  EXPECT_OK(CheckKnn(data, Split::kTest, {.k = 10}));
  EXPECT_THAT(CheckKnn(data, Split::kTest, {.k = 11}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("--k: is 11, but there are 10 training images")));
  EXPECT_THAT(CheckKnn(data, Split::kMinival, {.k = 1}),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("no minival split")));
}

TEST_P(KnnTest, WhatIsNotFiniteIsRefused) {
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : model_->Parameters()) {
    if (parameter.name == "final_norm.bias") {
      parameter.tensor.fill_(std::numeric_limits<float>::quiet_NaN());
    }
  }
  EXPECT_THAT(EvaluateKnn(*model_, Data(10, 4), Split::kTest, {.k = 1}),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("made up image 0: "), HasSubstr("not finite"))));
}

}  // namespace
}  // namespace vitrine
