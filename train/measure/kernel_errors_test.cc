#include "train/measure/kernel_errors.h"

#include <cmath>
#include <cstdint>

#include "ATen/TensorOperators.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/measure/random_batch.h"
#include "train/settings/config.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ExperimentConfig SmallConfig(ExperimentConfig::Precision precision) {
  ExperimentConfig config;
  ModelConfig& model = *config.mutable_model();
  model.set_image_size(16);
  model.set_patch_size(4);
  model.set_channels(1);
  model.set_width(32);
  model.set_heads(2);
  model.set_depth(3);
  config.mutable_data()->set_batch_size(4);
  config.set_precision(precision);
  FillDefaults(&config);
  return config;
}

KernelErrors Measure(ExperimentConfig::Precision precision) {
  const ExperimentConfig config = SmallConfig(precision);
  auto errors = MeasureKernelErrors(config, RandomBatch(config, at::kCPU));
  EXPECT_OK(errors.status());
  return *errors;
}

// Of errors from 10^decade on.
double ShareFrom(const ErrorHistogram& histogram, int decade) {
  int64_t count = 0;
  for (int bin = decade - ErrorHistogram::kLowestDecade + 1; bin < ErrorHistogram::kBins; ++bin) {
    count += histogram.counts()[bin];
  }
  return static_cast<double>(count) / histogram.count();
}

TEST(ErrorHistogramTest, CountsByDecadesOfTheRootMeanSquare) {
  ErrorHistogram histogram;
  const at::Tensor exact = at::tensor({10.0, -10.0, 10.0, 10.0, -10.0});
  histogram.Add("a", exact + at::tensor({0.0, 2e-9, -0.5, 20.0, 5e-4}), exact);
  EXPECT_THAT(histogram.counts(), ElementsAre(1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1));
  EXPECT_EQ(histogram.count(), 5);
  EXPECT_EQ(histogram.worst_name(), "a");
  EXPECT_NEAR(histogram.worst_error(), 2 / std::sqrt(5), 1e-3);
}

TEST(ErrorHistogramTest, NamesTheWorstTensor) {
  ErrorHistogram histogram;
  const at::Tensor exact = at::tensor({3.0, 4.0});
  histogram.Add("good", exact + 1e-3, exact);
  histogram.Add("bad", exact + 1e-2, exact);
  histogram.Add("equal", exact, exact);
  EXPECT_EQ(histogram.worst_name(), "bad");
}

TEST(ErrorHistogramTest, ZerosAreMeasuredAsTheyAre) {
  ErrorHistogram histogram;
  histogram.Add("zero", at::tensor({0.0, 0.5}), at::tensor({0.0, 0.0}));
  EXPECT_EQ(histogram.counts().front(), 1);
  EXPECT_EQ(histogram.counts()[ErrorHistogram::kBins - 2], 1);
}

TEST(KernelErrorsTest, Float32IsOffBySomeOfItsLastBits) {
  const KernelErrors errors = Measure(ExperimentConfig::FP32);
  for (const ErrorHistogram* histogram : {&errors.reference, &errors.fused}) {
    EXPECT_LT(ShareFrom(*histogram, -5), 1e-3);
    EXPECT_GT(ShareFrom(*histogram, -8), 0.5);
  }
  EXPECT_LT(errors.fused.worst_error(), 3 * errors.reference.worst_error());
  EXPECT_NE(errors.fused.counts(), errors.reference.counts());
}

TEST(KernelErrorsTest, Bfloat16IsOffByMore) {
  const KernelErrors errors = Measure(ExperimentConfig::BF16);
  for (const ErrorHistogram* histogram : {&errors.reference, &errors.fused}) {
    EXPECT_LT(ShareFrom(*histogram, -1), 1e-2);
    EXPECT_GT(ShareFrom(*histogram, -4), 0.5);
  }
  EXPECT_LT(errors.fused.worst_error(), errors.reference.worst_error());
}

TEST(KernelErrorsTest, DescriptionHasBothKernels) {
  KernelErrors errors;
  const at::Tensor exact = at::tensor({1.0, 1.0});
  errors.reference.Add("head.bias", exact + 2e-7, exact);
  errors.fused.Add("head.weight", exact + 5e-3, exact);
  EXPECT_THAT(Describe(errors), AllOf(HasSubstr("1e-7 to 1e-6   100.0 %  ####"),
                                      HasSubstr("REFERENCE, worst tensor: 2e-07 of head.bias"),
                                      HasSubstr("FUSED, worst tensor: 0.005 of head.weight")));
}

}  // namespace
}  // namespace vitrine
