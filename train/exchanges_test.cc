// A run of two processes, here threads, one of which ends at each moment in turn: the run goes on
// to the bytes of one that nothing interrupts.

#include <filesystem>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/parallel/single_process.h"
#include "base/parallel/thread_group.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "train/experiment.h"
#include "train/small_config.h"
#include "train/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int kIterations = 4;
constexpr int kStride = 3;  // fewer than any step of an iteration exchanges

ExperimentConfig Config() {
  ExperimentConfig config = SmallConfig(
      {"model.image_size=28", "model.patch_size=7", "model.num_classes=10", "data.source=DIGITS",
       "data.batch_size=8", "data.minival_size=16", "shards=2", "threads=1",
       "ema.horizon_fraction=0.5", "checkpoint.every_iterations=3", "checkpoint.keep_last=0",
       "validation.every_iterations=2", "logging.every_iterations=1",
       absl::StrCat("schedule.iterations=", kIterations)});
  EXPECT_OK(CompleteConfig(at::kCPU, &config));
  return config;
}

absl::Status TrainIn(const fs::path& run, ProcessGroup* group) {
  return RunExperiment(Config(), {.data_dir = {}, .run_dir = run, .resume = true}, at::kCPU,
                       std::nullopt, group)
      .status();
}

// Whether it came to its end although the second process makes only so many exchanges.
bool TrainByTwo(const fs::path& run, int64_t exchanges) {
  bool has_ended = false;
  RunOnThreads(
      2,
      [&](ProcessGroup& group) {
        const absl::Status status = TrainIn(run, &group);
        if (group.rank() == 0) has_ended = status.ok();
      },
      exchanges);
  return has_ended;
}

TEST(ExchangesTest, WhicheverFailsTheRunGoesOnToTheSameBytes) {
  const fs::path folder = fs::path(::testing::TempDir()) / "exchanges_test";
  fs::remove_all(folder);
  ASSERT_OK(TrainIn(folder / "whole", Alone()));
  const auto whole = RunContents(folder / "whole", kIterations);
  // Before its logs are there a run has done nothing that could be lost.
  int64_t exchanges = 0;
  while (!fs::exists(folder / absl::StrCat(exchanges) / "metrics.csv")) {
    exchanges += 10;
    ASSERT_FALSE(TrainByTwo(folder / absl::StrCat(exchanges), exchanges));
  }
  const int64_t first = exchanges;
  for (; !TrainByTwo(folder / absl::StrCat(exchanges), exchanges); exchanges += kStride) {
    const fs::path run = folder / absl::StrCat(exchanges);
    ASSERT_OK(TrainIn(run, Alone())) << exchanges;
    const auto contents = RunContents(run, kIterations);
    ASSERT_EQ(contents.size(), whole.size());
    for (const auto& [name, bytes] : whole) {
      ASSERT_TRUE(contents.at(name) == bytes) << name << " after exchange " << exchanges;
    }
    fs::remove_all(run);
  }
  EXPECT_GT(exchanges - first, 10 * kIterations);
}

}  // namespace
}  // namespace vitrine
