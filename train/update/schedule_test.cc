#include "train/update/schedule.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

ScheduleConfig Schedule(ScheduleConfig::Kind kind, int64_t iterations, int64_t warmup, double max,
                        double min) {
  ScheduleConfig schedule;
  schedule.set_kind(kind);
  schedule.set_iterations(iterations);
  schedule.set_warmup_iterations(warmup);
  schedule.set_max_learning_rate(max);
  schedule.set_min_learning_rate(min);
  return schedule;
}

struct Reported {
  int64_t iterations, warmup;
  double max, min;
  int64_t iteration;
  double rate;  // five digits were printed
};

class AsReportedTest : public ::testing::TestWithParam<Reported> {};

TEST_P(AsReportedTest, EqualsEveryDigitPrinted) {
  const Reported& r = GetParam();
  const auto schedule = Schedule(ScheduleConfig::AS_REPORTED, r.iterations, r.warmup, r.max, r.min);
  EXPECT_NEAR(LearningRate(schedule, r.iteration), r.rate, 0.5001e-4 * r.rate);
}

INSTANTIATE_TEST_SUITE_P(Step4, AsReportedTest,
                         ::testing::Values(Reported{1000, 50, 6e-4, 6e-5, 0, 1.2000e-05},
                                           Reported{1000, 50, 6e-4, 6e-5, 100, 7.9537e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 200, 7.5307e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 300, 6.8768e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 400, 6.0628e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 500, 5.1770e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 600, 4.3154e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 700, 3.5713e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 800, 3.0254e-04},
                                           Reported{1000, 50, 6e-4, 6e-5, 900, 2.7368e-04}));

INSTANTIATE_TEST_SUITE_P(Step5, AsReportedTest,
                         ::testing::Values(Reported{10000, 500, 6e-4, 6e-5, 0, 1.2000e-06},
                                           Reported{10000, 500, 6e-4, 6e-5, 1000, 7.9537e-04},
                                           Reported{10000, 500, 6e-4, 6e-5, 9000, 2.7368e-04}));

INSTANTIATE_TEST_SUITE_P(Step6, AsReportedTest,
                         ::testing::Values(Reported{10000, 1000, 3e-4, 3e-5, 0, 3.0000e-07},
                                           Reported{10000, 1000, 3e-4, 3e-5, 100, 3.0300e-05},
                                           Reported{10000, 1000, 3e-4, 3e-5, 900, 2.7030e-04},
                                           Reported{10000, 1000, 3e-4, 3e-5, 1000, 3.9686e-04},
                                           Reported{10000, 1000, 3e-4, 3e-5, 9000, 1.3500e-04},
                                           Reported{10000, 1000, 3e-4, 3e-5, 9500, 1.3705e-04},
                                           Reported{10000, 1000, 3e-4, 3e-5, 9900, 1.4161e-04}));

TEST(ScheduleTest, WarmupCosineAtItsEndsAndMiddle) {
  const auto schedule = Schedule(ScheduleConfig::WARMUP_COSINE, 1100, 100, 1.0, 0.2);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 99), 1.0);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 100), 1.0);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 600), 0.6);
  EXPECT_NEAR(LearningRate(schedule, 1099), 0.2, 1e-5);
}

TEST(ScheduleTest, WarmupCosineRisesThenFalls) {
  const auto schedule = Schedule(ScheduleConfig::WARMUP_COSINE, 200, 20, 1.0, 0.1);
  for (int i = 1; i < 20; ++i) EXPECT_GT(LearningRate(schedule, i), LearningRate(schedule, i - 1));
  for (int i = 21; i < 200; ++i) {
    EXPECT_LT(LearningRate(schedule, i), LearningRate(schedule, i - 1));
  }
}

TEST(ScheduleTest, ConstantIsMax) {
  const auto schedule = Schedule(ScheduleConfig::CONSTANT, 10, 0, 3e-4, 0);
  EXPECT_EQ(LearningRate(schedule, 0), 3e-4);
  EXPECT_EQ(LearningRate(schedule, 9), 3e-4);
}

}  // namespace
}  // namespace vitrine
