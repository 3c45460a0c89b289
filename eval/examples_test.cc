#include "eval/examples.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "ATen/ops/arange.h"
#include "ATen/ops/full.h"
#include "ATen/ops/randint.h"
#include "ATen/ops/softmax.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Examples = EvaluationResult::Examples;

template <typename List>
std::vector<int64_t> Indices(const List& examples) {
  std::vector<int64_t> indices;
  for (const EvaluationResult::Example& example : examples) indices.push_back(example.index());
  return indices;
}

class ExampleChoiceTest : public EachDevice {
 protected:
  // Of images 0, 1, ..., in batches of this size.
  Examples Choose(const at::Tensor& logits, const at::Tensor& labels, int64_t batch) const {
    const at::Tensor indices = at::arange(labels.size(0), at::kLong);
    ExampleChoice choice;
    for (int64_t first = 0; first < labels.size(0); first += batch) {
      const int64_t end = std::min(first + batch, labels.size(0));
      choice.Add({.logits = logits.slice(0, first, end).to(device_),
                  .labels = labels.slice(0, first, end).to(device_),
                  .indices = indices.slice(0, first, end).to(device_)});
    }
    return choice.Chosen();
  }
};
INSTANTIATE_ON_EACH_DEVICE(ExampleChoiceTest);

// As if all answers were kept and sorted, which is how it was done before. Scores are few, so that
// many are equal.
TEST_P(ExampleChoiceTest, ChoosesAsAStableSortOfAllWould) {
  const at::Tensor logits = at::randint(0, 4, {500, 3}, at::kLong).to(at::kFloat);
  const at::Tensor labels = at::randint(0, 3, {500}, at::kLong);
  const auto [sure, answers] = at::softmax(logits.to(device_), 1).max(1);
  std::vector<int64_t> right, wrong;
  std::vector<double> p;
  for (int64_t i = 0; i < 500; ++i) {
    p.push_back(sure[i].item<double>());
    const bool is_right = answers[i].item<int64_t>() == labels[i].item<int64_t>();
    (is_right ? right : wrong).push_back(i);
  }
  std::stable_sort(right.begin(), right.end(), [&](auto a, auto b) { return p[a] < p[b]; });
  std::stable_sort(wrong.begin(), wrong.end(), [&](auto a, auto b) { return p[a] > p[b]; });
  right.resize(ExampleChoice::kChosen);
  wrong.resize(ExampleChoice::kChosen);
  for (const int64_t batch : {1, 7, 128, 500}) {
    const Examples examples = Choose(logits, labels, batch);
    ASSERT_THAT(examples.first(), SizeIs(ExampleChoice::kFirst));
    EXPECT_EQ(examples.first(15).index(), 15);
    EXPECT_EQ(Indices(examples.least_sure_right()), right) << batch;
    EXPECT_EQ(Indices(examples.surest_wrong()), wrong) << batch;
    for (const auto& example : examples.surest_wrong()) {
      const int64_t i = example.index();
      EXPECT_EQ(example.truth(), labels[i].item<int64_t>());
      EXPECT_EQ(example.prediction(), answers[i].item<int64_t>());
      EXPECT_NEAR(example.probability(), p[i], 1e-6);
    }
  }
}

TEST_P(ExampleChoiceTest, FewImagesAreAllThere) {
  const at::Tensor logits = at::tensor({0.F, 9.F, 8.F, 0.F, 0.F, 1.F}).view({3, 2});
  const Examples examples = Choose(logits, at::tensor({1, 1, 1}, at::kLong), 2);
  EXPECT_THAT(Indices(examples.first()), ElementsAre(0, 1, 2));
  EXPECT_THAT(Indices(examples.surest_wrong()), ElementsAre(1));
  EXPECT_THAT(Indices(examples.least_sure_right()), ElementsAre(2, 0));
}

TEST_P(ExampleChoiceTest, WhatIsNoNumberIsChosenForNothing) {
  at::Tensor logits = at::zeros({4, 2});
  logits[0].fill_(std::numeric_limits<float>::quiet_NaN());
  logits[3][1] = 1;
  const Examples examples = Choose(logits, at::full({4}, 1, at::kLong), 4);
  EXPECT_THAT(Indices(examples.first()), ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(std::isnan(examples.first(0).probability()));
  EXPECT_THAT(Indices(examples.least_sure_right()), ElementsAre(3));
}

TEST(EmptyExampleChoiceTest, OfNothingThereIsNothing) {
  EXPECT_THAT(ExampleChoice().Chosen().first(), IsEmpty());
}

}  // namespace
}  // namespace vitrine
