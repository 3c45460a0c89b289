#include "train/settings/validate.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/settings/config.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

ExperimentConfig Load(const std::string& name) {
  auto config = LoadConfig(name);
  EXPECT_THAT(config, IsOk());
  FillDefaults(&*config);
  return *std::move(config);
}

TEST(ConfigProblemsTest, EveryConfigOfOursIsGood) {
  ASSERT_FALSE(ConfigNames().empty());
  for (const std::string& name : ConfigNames()) {
    EXPECT_THAT(ConfigProblems(Load(name)), IsEmpty()) << name;
  }
}

TEST(UnavailableTest, NoConfigOfOursWaitsForLaterWork) {
  for (const std::string& name : ConfigNames()) {
    EXPECT_THAT(Unavailable(Load(name), at::kCPU), IsEmpty()) << name;
  }
}

TEST(UnavailableTest, FusedKernelsAreNotForFp16OnACpu) {
  ExperimentConfig config;
  config.set_kernels(ExperimentConfig::FUSED);
  EXPECT_THAT(Unavailable(config, at::kCPU), IsEmpty());
  config.set_precision(ExperimentConfig::BF16);
  EXPECT_THAT(Unavailable(config, at::kCPU), IsEmpty());
  config.set_precision(ExperimentConfig::FP16);
  EXPECT_THAT(Unavailable(config, at::kCPU),
              ElementsAre(AllOf(StartsWith("kernels:"), HasSubstr("kernels=REFERENCE overrides"))));
  ASSERT_OK(ApplyOverride("kernels=REFERENCE", &config));
  EXPECT_THAT(Unavailable(config, at::kCPU), IsEmpty());
}

TEST(UnavailableTest, FusedKernelsOnAGpuTakeSomeWidths) {
  ExperimentConfig config;
  config.set_kernels(ExperimentConfig::FUSED);
  const auto problem = HasSubstr("takes a model.width up to 6144");
  config.mutable_model()->set_width(48);
  EXPECT_THAT(Unavailable(config, at::kCUDA), Not(Contains(problem)));
  for (const int width : {50, 6148}) {
    config.mutable_model()->set_width(width);
    EXPECT_THAT(Unavailable(config, at::kCUDA), Contains(problem)) << width;
  }
}

TEST(UnavailableTest, FusedKernelsOnAGpuNeedOne) {
  const absl::Status kernels = fused::cuda::CheckKernels();
  if (kernels.ok()) GTEST_SKIP() << "here they can run";
  ExperimentConfig config;
  config.set_kernels(ExperimentConfig::FUSED);
  EXPECT_THAT(Unavailable(config, at::kCUDA), Contains(HasSubstr(std::string(kernels.message()))));
}

TEST(ConfigProblemsTest, AllAreNamedAtOnce) {
  const std::vector<std::string> mistakes = {"model.heads=5",
                                             "data.batch_size=0",
                                             "schedule.iterations=0",
                                             "schedule.warmup_fraction=1",
                                             "schedule.max_learning_rate=nan",
                                             "optimizer.beta1=1",
                                             "optimizer.momentum=1",
                                             "optimizer.clip_norm=-1",
                                             "optimizer.clip_order=AS_REPORTED_SCALED",
                                             "logging.every_iterations=0",
                                             "validation.every_iterations=10",
                                             "checkpoint.every_fraction=2",
                                             "checkpoint.keep_last=-1",
                                             "loss.label_smoothing=1",
                                             "loss_scale.initial=0",
                                             "loss_scale.growth_interval=0",
                                             "ema.horizon_fraction=-1",
                                             "swa.every_iterations=-1",
                                             "swa.start_fraction=1",
                                             "micro_batch_size=-1",
                                             "threads=-1"};
  ExperimentConfig config;
  for (const std::string& mistake : mistakes) ASSERT_OK(ApplyOverride(mistake, &config)) << mistake;
  const std::vector<std::string> problems = ConfigProblems(config);
  for (const std::string& mistake : mistakes) {
    const std::string field = mistake.substr(0, mistake.find('='));
    EXPECT_THAT(problems, Contains(StartsWith(field))) << field;
  }
}

TEST(ConfigProblemsTest, ShorterThanItsWarmUpARunIsMendedAsTheMessageSays) {
  ExperimentConfig config = Load("quickstart");
  ASSERT_OK(ApplyOverride("schedule.iterations=5", &config));
  EXPECT_THAT(ConfigProblems(config), ElementsAre(HasSubstr("set schedule.warmup_fraction=0.1")));
  ASSERT_OK(ApplyOverride("schedule.warmup_fraction=0.1", &config));
  EXPECT_THAT(ConfigProblems(config), IsEmpty());
}

struct Contradiction {
  std::vector<std::string> overrides;
  std::string field;
};

TEST(ConfigProblemsTest, ContradictionsAreNamed) {
  const Contradiction contradictions[] = {
      {{"schedule.iterations=10", "schedule.warmup_iterations=10"}, "schedule.warmup_iterations"},
      {{"checkpoint.keep_best=true"}, "checkpoint.keep_best"},
      {{"schedule.epochs=-1"}, "schedule.epochs"},
      {{"schedule.min_learning_rate=1"}, "schedule.min_learning_rate"},
  };
  for (const auto& [overrides, field] : contradictions) {
    ExperimentConfig config;
    for (const std::string& assignment : overrides) ASSERT_OK(ApplyOverride(assignment, &config));
    EXPECT_THAT(ConfigProblems(config), ElementsAre(StartsWith(field)));
  }
}

// Which of them does is known once its folder has been looked into.
TEST(ConfigProblemsTest, DataSetOfImageFilesMayBringItsMinival) {
  ExperimentConfig config;
  ASSERT_OK(ApplyOverride("validation.every_iterations=10", &config));
  EXPECT_THAT(ConfigProblems(config), ElementsAre(HasSubstr("needs a minival")));
  ASSERT_OK(ApplyOverride("data.source=IMAGE_FOLDER", &config));
  EXPECT_THAT(ConfigProblems(config), IsEmpty());
  EXPECT_OK(CheckMinival(config, 1));
  EXPECT_THAT(CheckMinival(config, 0),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("data.minival_size above 0")));
  EXPECT_OK(CheckMinival(ExperimentConfig(), 0));
}

}  // namespace
}  // namespace vitrine
