#include "train/small_config.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/settings/config.h"

namespace vitrine {

ExperimentConfig SmallConfig(const std::vector<std::string>& overrides) {
  ExperimentConfig config;
  for (const char* assignment :
       {"model.image_size=8", "model.width=16", "model.depth=2", "model.heads=2",
        "model.num_classes=4", "schedule.iterations=100", "schedule.max_learning_rate=1e-2",
        "optimizer.clip_norm=1", "kernels=REFERENCE"}) {
    EXPECT_OK(ApplyOverride(assignment, &config));
  }
  for (const std::string& assignment : overrides) EXPECT_OK(ApplyOverride(assignment, &config));
  FillDefaults(&config);
  return config;
}

}  // namespace vitrine
