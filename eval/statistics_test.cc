#include "eval/statistics.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/log.h"
#include "ATen/ops/randint.h"
#include "ATen/ops/randn.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Logits that softmax turns into these probabilities of two classes.
at::Tensor Sure(std::vector<double> first) {
  const at::Tensor p = at::tensor(first, at::kDouble).unsqueeze(1);
  return at::concat({p, 1 - p}, 1).log();
}

using Mistakes = std::map<int64_t, int64_t>;

MATCHER_P3(IsClass, count, correct, mistakes, "") {
  return arg.count == count && arg.correct == correct && arg.mistakes == mistakes;
}

using StatisticsTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(StatisticsTest);

TEST_P(StatisticsTest, ConfusionCountsRowsByTruth) {
  Statistics statistics(3);
  const at::Tensor logits =
      at::tensor({9., 0., 0., 0., 9., 0., 0., 9., 0.}).reshape({3, 3}).to(device_);
  statistics.Add(logits, at::tensor({0, 0, 2}, at::kLong).to(device_));
  statistics.Add(logits, at::tensor({0, 1, 2}, at::kLong).to(device_));
  const std::vector<Statistics::Class>& classes = statistics.classes();
  EXPECT_THAT(classes[0], IsClass(3, 2, Mistakes{{1, 1}}));
  EXPECT_THAT(classes[1], IsClass(1, 1, Mistakes{}));
  EXPECT_THAT(classes[2], IsClass(2, 0, Mistakes{{1, 2}}));
}

// A matrix of them would take 800 MB.
TEST(StatisticsTest, OfTenThousandClassesOnlyMistakesAreKept) {
  constexpr int64_t kClasses = 10'000, kImages = 50;
  Statistics statistics(kClasses);
  at::Tensor logits = at::zeros({kImages, kClasses});
  at::Tensor labels = at::empty({kImages}, at::kLong);
  for (int64_t i = 0; i < kImages; ++i) {
    labels[i] = 199 * i;
    logits[i][i % 2 == 0 ? 199 * i : 7] = 9;  // every other one is taken for class 7
  }
  statistics.Add(logits, labels);
  size_t cells = 0;
  for (const Statistics::Class& one : statistics.classes()) cells += one.mistakes.size();
  EXPECT_EQ(cells, kImages / 2);
  EXPECT_THAT(statistics.classes()[199], IsClass(1, 0, Mistakes{{7, 1}}));
}

TEST(StatisticsTest, OfEqualScoresTheSmallerClassIsTheAnswer) {
  Statistics statistics(4);
  statistics.Add(at::zeros({2, 4}), at::tensor({3, 0}, at::kLong));
  EXPECT_THAT(statistics.classes()[3], IsClass(1, 0, Mistakes{{0, 1}}));
  EXPECT_THAT(statistics.classes()[0], IsClass(1, 1, Mistakes{}));
}

TEST(StatisticsTest, CalibrationByHand) {
  Statistics statistics(2);
  // Two at 0.9, one right; two at 0.7, both right.
  statistics.Add(Sure({0.9, 0.9, 0.7, 0.7}), at::tensor({0, 1, 0, 0}, at::kLong));
  EXPECT_NEAR(statistics.ExpectedCalibrationError(), (2 * 0.4 + 2 * 0.3) / 4, 1e-12);
  const Statistics::Bin& high = statistics.calibration()[13];  // (0.867, 0.933]
  EXPECT_EQ(high.count, 2);
  EXPECT_EQ(high.correct, 1);
  EXPECT_NEAR(high.confidence, 1.8, 1e-12);
}

TEST(StatisticsTest, TheBoundsOfBins) {
  Statistics statistics(2);
  statistics.Add(Sure({1.0, 0.6}), at::tensor({0, 0}, at::kLong));
  EXPECT_EQ(statistics.calibration()[14].count, 1) << "certainty is in the last bin";
  EXPECT_EQ(statistics.calibration()[8].count, 1) << "(8 / 15, 9 / 15]";
}

TEST(StatisticsTest, ACalibratedClassifierHasNoError) {
  Statistics statistics(2);
  statistics.Add(Sure({0.75, 0.75, 0.75, 0.75}), at::tensor({0, 0, 0, 1}, at::kLong));
  EXPECT_NEAR(statistics.ExpectedCalibrationError(), 0, 1e-12);
}

TEST_P(StatisticsTest, PartsAddUpToTheWhole) {
  const at::Tensor logits = at::randn({60, 5}).to(device_);
  const at::Tensor labels = at::randint(0, 5, {60}, at::kLong).to(device_);
  Statistics whole(5), parts(5);
  whole.Add(logits, labels);
  for (int64_t i = 0; i < 60; i += 7)
    parts.Add(logits.slice(0, i, i + 7), labels.slice(0, i, i + 7));
  int64_t count = 0;
  for (int k = 0; k < 5; ++k) {
    const Statistics::Class& one = whole.classes()[k];
    EXPECT_THAT(parts.classes()[k], IsClass(one.count, one.correct, one.mistakes)) << k;
    count += one.correct;
    for (const auto& [answer, mistakes] : one.mistakes) count += mistakes;
  }
  EXPECT_EQ(count, 60);
  EXPECT_NEAR(whole.ExpectedCalibrationError(), parts.ExpectedCalibrationError(), 1e-12);
}

TEST(StatisticsTest, NotANumberIsInNoBin) {
  Statistics statistics(2);
  statistics.Add(at::tensor({std::numeric_limits<double>::quiet_NaN(), 0.}).reshape({1, 2}),
                 at::tensor({1}, at::kLong));
  EXPECT_THAT(statistics.classes()[1], IsClass(1, 0, Mistakes{{0, 1}}));
  EXPECT_EQ(statistics.ExpectedCalibrationError(), 0);
}

}  // namespace
}  // namespace vitrine
