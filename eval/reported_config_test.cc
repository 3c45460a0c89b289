// The report against the configs that //train reproduces it with.

#include <string>

#include "absl/strings/str_format.h"
#include "base/status_matchers.h"
#include "eval/reported.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/settings/config.h"
#include "train/settings/validate.h"
#include "train/update/schedule.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::IsEmpty;

struct Row {
  ReportedStep step;
  ReproducedRow row;
  ExperimentConfig config;
};

std::vector<Row> Rows() {
  std::vector<Row> rows;
  for (const ReportedStep& step : ReportedWork().steps()) {
    for (const ReproducedRow& row : step.rows()) {
      ExperimentConfig config = LoadConfig(row.config()).value();
      for (const std::string& override : row.overrides()) {
        EXPECT_OK(ApplyOverride(override, &config));
      }
      rows.push_back({step, row, config});
    }
  }
  return rows;
}

TEST(ReportedConfigTest, ConfigsAreWholeAndOfTheSameLengthAndData) {
  for (const Row& row : Rows()) {
    EXPECT_THAT(ConfigProblems(row.config), IsEmpty()) << row.row.name();
    EXPECT_EQ(row.config.schedule().iterations(), row.step.iterations()) << row.row.name();
    EXPECT_EQ(row.config.schedule().warmup_iterations(), row.step.warmup_iterations())
        << row.row.name();
    EXPECT_EQ(row.config.data().source(), row.step.data()) << row.row.name();
  }
}

TEST(ReportedConfigTest, EveryPrintedLearningRateIsTheSchedules) {
  int compared = 0;
  for (const Row& row : Rows()) {
    for (const ReportedIteration& line : row.step.logged()) {
      if (!line.has_learning_rate()) continue;
      const double rate = LearningRate(row.config.schedule(), line.iteration());
      EXPECT_EQ(absl::StrFormat("%.4e", rate), line.learning_rate())
          << row.row.name() << " at " << line.iteration();
      ++compared;
    }
  }
  EXPECT_EQ(compared, 10 + 10 + 3 * 21);
}

TEST(ReportedConfigTest, EveryPrintedIterationIsLogged) {
  for (const Row& row : Rows()) {
    for (const ReportedIteration& line : row.step.logged()) {
      EXPECT_EQ(line.iteration() % row.config.logging().every_iterations(), 0) << row.row.name();
    }
    if (!row.step.has_loss_window()) continue;
    EXPECT_EQ(row.step.loss_window().every() % row.config.logging().every_iterations(), 0)
        << row.row.name();
  }
}

TEST(ReportedConfigTest, ParameterCountsAreThePrintedOnes) {
  int compared = 0;
  for (const Row& row : Rows()) {
    const std::string& printed = row.step.parameters_in_millions();
    if (printed.empty()) continue;
    ASSERT_OK_AND_ASSIGN(const auto model, VisionTransformer::CreateShapesOnly(row.config.model()));
    const double count = std::stod(printed) * 1e6;
    // "86" is rounded; the others have every digit.
    EXPECT_NEAR(static_cast<double>(model.ParameterCount()), count, printed == "86" ? 5e5 : 0.5)
        << row.row.name();
    ++compared;
  }
  EXPECT_EQ(compared, 5);
}

}  // namespace
}  // namespace vitrine
