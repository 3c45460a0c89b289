#include "train/run/console.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(ConsoleTest, TableAlignsValues) {
  EXPECT_EQ(Table({{"a", "1"}, {"long", "2"}}), "a     1\nlong  2\n");
}

TEST(ConsoleTest, CommasEveryThreeDigits) {
  EXPECT_EQ(WithCommas(7), "7");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(28414506), "28,414,506");
}

// The lines that the steps were reported with.
TEST(ConsoleTest, IterationLineOfStep2) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(1000);
  EXPECT_EQ(IterationLine(config, {.iteration = 100, .loss = 0.8162, .milliseconds = 88.0437}),
            "100/1000  0.8162  88.0437 ms");
}

constexpr IterationMetrics kRow = {.iteration = 100,
                                   .loss = 2.4822,
                                   .learning_rate = 7.9537e-4,
                                   .gradient_norm = 7.2206,
                                   .milliseconds = 37.9224};

TEST(ConsoleTest, IterationLineOfStep4) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(1000);
  config.mutable_optimizer()->set_clip_norm(1);
  EXPECT_EQ(IterationLine(config, kRow),
            "100/1000  2.4822  37.9224 ms   norm:7.2206   lr:7.9537e-04");
}

// Step 6 printed the norm of gradients that were still scaled; the true one stands before it.
TEST(ConsoleTest, IterationLineOfStep6) {
  ExperimentConfig config;
  config.mutable_schedule()->set_iterations(10000);
  config.mutable_optimizer()->set_clip_norm(1);
  config.mutable_optimizer()->set_clip_order(OptimizerConfig::AS_REPORTED_SCALED);
  EXPECT_EQ(IterationLine(config, kRow),
            "100/10000  2.4822  37.9224 ms   norm:7.2206 (scaled:473209.2416)   lr:7.9537e-04");
}

TEST(ConsoleTest, ProgressText) {
  EXPECT_EQ(ProgressText(50, 200, 2.5),
            "[=======                       ]  25 %  50/200  2.5 it/s  1:00 left");
  EXPECT_EQ(ProgressText(0, 10, 0),
            "[                              ]   0 %  0/10  0.0 it/s  -:-- left");
  EXPECT_EQ(ProgressText(10, 10, 1),
            "[==============================] 100 %  10/10  1.0 it/s  0:00 left");
}

}  // namespace
}  // namespace vitrine
