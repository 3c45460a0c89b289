#include "train/settings/durations.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/settings/config.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(SettleDurationsTest, EpochsAndFractionsBecomeIterations) {
  ExperimentConfig config;
  config.mutable_schedule()->set_epochs(2.5);
  config.mutable_schedule()->set_warmup_epochs(0.5);
  config.mutable_validation()->set_every_epochs(1);
  config.mutable_checkpoint()->set_every_fraction(0.1);
  config.mutable_swa()->set_every_epochs(0.2);
  ASSERT_OK(SettleDurations(100, &config));
  EXPECT_EQ(config.schedule().iterations(), 250);
  EXPECT_EQ(config.schedule().warmup_iterations(), 50);
  EXPECT_EQ(config.validation().every_iterations(), 100);
  EXPECT_EQ(config.checkpoint().every_iterations(), 25);
  EXPECT_EQ(config.swa().every_iterations(), 20);
  EXPECT_EQ(config.swa().start_iteration(), 188) << "0.75 of the run";
  EXPECT_FALSE(config.schedule().has_epochs()) << "a run's own config has iterations";
}

TEST(SettleDurationsTest, StepSevensWarmUpRatio) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(400'000);
  config.mutable_schedule()->set_warmup_fraction(0.05);
  ASSERT_OK(SettleDurations(3'900, &config));
  EXPECT_EQ(config.schedule().warmup_iterations(), 20'000);
}

TEST(SettleDurationsTest, SettlingTwiceChangesNothing) {
  ExperimentConfig config;
  config.mutable_schedule()->set_epochs(3);
  config.mutable_schedule()->set_warmup_fraction(0.1);
  FillDefaults(&config);
  ASSERT_OK(SettleDurations(7, &config));
  const ExperimentConfig once = config;
  ASSERT_OK(SettleDurations(7, &config));
  EXPECT_EQ(ConfigDifferences(once, config), "");
}

TEST(SettleDurationsTest, NeverIsNeverAndSeldomIsAtLeastOne) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(10);
  config.mutable_validation()->set_every_fraction(0);
  config.mutable_checkpoint()->set_every_epochs(0.001);
  ASSERT_OK(SettleDurations(5, &config));
  EXPECT_EQ(config.validation().every_iterations(), 0);
  EXPECT_EQ(config.checkpoint().every_iterations(), 1);
}

TEST(SettleDurationsTest, AnAverageOfNothingIsRefused) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(100);
  config.mutable_swa()->set_every_iterations(40);
  EXPECT_OK(SettleDurations(10, &config)) << "80 is a multiple from 75 on";
  config.mutable_swa()->set_start_iteration(81);
  EXPECT_THAT(SettleDurations(10, &config),
              Fails(absl::StatusCode::kInvalidArgument, StartsWith("swa.every_iterations")));
}

TEST(SettleDurationsTest, WarmUpAsLongAsTheRunIsRefused) {
  ExperimentConfig config;
  config.mutable_schedule()->set_epochs(1);
  config.mutable_schedule()->set_warmup_iterations(100);
  EXPECT_THAT(SettleDurations(100, &config),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(StartsWith("schedule.warmup_iterations"),
                          HasSubstr("set schedule.warmup_fraction=0.1"))));
}

// The remedy that messages name.
TEST(SettleDurationsTest, WarmUpAsAFractionGoesWithARunOfAnyLength) {
  for (int iterations = 1; iterations < 60; ++iterations) {
    for (const double fraction : {0.1, 0.99}) {
      ExperimentConfig config;
      config.mutable_schedule()->set_warmup_iterations(50);
      config.mutable_schedule()->set_warmup_fraction(fraction);
      config.mutable_schedule()->set_iterations(iterations);
      EXPECT_OK(SettleDurations(100, &config)) << fraction << " of " << iterations;
      EXPECT_LT(config.schedule().warmup_iterations(), iterations);
    }
  }
}

TEST(SettleDurationsTest, RunTooLongToCountIsRefused) {
  ExperimentConfig config;
  config.mutable_schedule()->set_epochs(1e300);
  EXPECT_THAT(SettleDurations(100, &config),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("999999999")));
}

}  // namespace
}  // namespace vitrine
