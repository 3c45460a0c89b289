#include "eval/reproduce/report/verdict.h"

#include <set>

#include "eval/reported.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

PlannedRow Plan(ReproductionRequest request) {
  return PlanRows(ReportedWork(), request).value().front();
}

// A run of the step as it should be: the printed learning rates, and the loss given throughout.
RunResult MakeRun(const PlannedRow& row, int correct, double loss = 1) {
  RunResult run;
  run.test_count = 10000;
  run.test_correct = correct;
  run.parameters = 28524682;
  const bool is_bound = row.step.loss_window().has_at_most();  // then by every iteration
  const int64_t interval = is_bound ? 1 : 100;
  for (int64_t i = 0; i < row.iterations; i += interval) {
    run.logged.push_back({.iteration = i, .loss = loss});
  }
  if (interval > 1) run.logged.push_back({.iteration = row.iterations - 1, .loss = loss});
  for (const ReportedIteration& line : row.step.logged()) {
    for (LoggedIteration& logged : run.logged) {
      const bool has_rate = line.has_learning_rate() && logged.iteration == line.iteration();
      if (has_rate) logged.learning_rate = std::stod(line.learning_rate());
    }
  }
  return run;
}

const Figure& Find(const std::vector<Figure>& figures, const std::string& name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure;
  }
  ADD_FAILURE() << "no figure " << name;
  return figures.front();
}

struct AccuracyCase {
  const char* name;
  const char* step;
  std::vector<int> correct;  // of 10,000, a run each
  const char* measured;
  Verdict verdict;
};

TEST(JudgeTest, AccuracyMayFallShortByTwoHundredths) {
  const AccuracyCase cases[] = {
      {"equal", "3", {2684}, "0.2684", Verdict::kPass},
      {"above", "3", {9000}, "0.9000", Verdict::kPass},
      {"at the bound", "3", {2484}, "0.2484", Verdict::kPass},
      {"below the bound", "3", {2483}, "0.2483", Verdict::kFail},
      {"at the bound of step 2", "2", {7895}, "0.7895", Verdict::kPass},
      {"at the bound of step 4", "4", {2756}, "0.2756", Verdict::kPass},
      {"at the bound of step 6", "6", {6316}, "0.6316", Verdict::kPass},
      {"below that of step 6", "6", {6315}, "0.6315", Verdict::kFail},
      {"the mean counts", "3", {2000, 2968}, "0.2484 +- 0.0684", Verdict::kPass},
      {"the mean counts against too", "3", {2000, 2966}, "0.2483 +- 0.0683", Verdict::kFail},
  };
  for (const AccuracyCase& c : cases) {
    const PlannedRow row = Plan({.steps = c.step, .seeds = static_cast<int>(c.correct.size())});
    std::vector<RunResult> runs;
    for (const int correct : c.correct) runs.push_back(MakeRun(row, correct));
    const auto figures = Judge(row, runs);
    const Figure& accuracy = Find(figures, "test accuracy");
    EXPECT_EQ(accuracy.measured, c.measured) << c.name;
    EXPECT_EQ(accuracy.verdict, c.verdict) << c.name;
  }
}

struct LossCase {
  double loss;
  Verdict verdict;
};

TEST(JudgeTest, Step1IsBoundedInItsLoss) {
  const PlannedRow row = Plan({.steps = "1"});
  for (const LossCase& c : {LossCase{0.9, Verdict::kPass}, LossCase{1.1, Verdict::kPass},
                            LossCase{1.1001, Verdict::kFail}}) {
    const auto figures = Judge(row, {MakeRun(row, 0, c.loss)});
    ASSERT_THAT(figures, SizeIs(1)) << "no accuracy was reported";
    EXPECT_EQ(figures[0].name, "training loss, mean of 80 to 99");
    EXPECT_EQ(figures[0].reported, "0.8270") << "the mean of 0.7976 and 0.8563";
    EXPECT_EQ(figures[0].verdict, c.verdict) << c.loss;
    EXPECT_DOUBLE_EQ(figures[0].measured_value->mean, c.loss);
  }
}

TEST(JudgeTest, OnlyTheBoundsOwnIterationsCount) {
  const PlannedRow row = Plan({.steps = "1"});
  RunResult run = MakeRun(row, 0, 1);
  for (int i = 0; i < 80; ++i) run.logged[i].loss = 100;
  EXPECT_EQ(Judge(row, {run})[0].measured, "1.0000");
  run.logged[80].loss = 21;
  EXPECT_EQ(Judge(row, {run})[0].measured, "2.0000");
  run.logged[99].loss = 21;
  EXPECT_EQ(Judge(row, {run})[0].measured, "3.0000");
}

TEST(JudgeTest, ALossThatWasNotLoggedIsNoPass) {
  const PlannedRow row = Plan({.steps = "1"});
  RunResult run = MakeRun(row, 0, 0.5);
  run.logged.erase(run.logged.begin() + 85);
  EXPECT_EQ(Judge(row, {run})[0].measured, "not all logged");
  EXPECT_EQ(Judge(row, {run})[0].verdict, Verdict::kFail);
}

TEST(JudgeTest, Step6sLossIsWithinATenthOfThePrintedOnes) {
  const PlannedRow row = Plan({.steps = "6"});
  const char* const name = "training loss, mean of 9000 to 9900 by 100";
  for (const LossCase& c : {LossCase{1.1368, Verdict::kPass}, LossCase{1.1366, Verdict::kFail},
                            LossCase{1.3367, Verdict::kPass}, LossCase{1.3369, Verdict::kFail}}) {
    RunResult run = MakeRun(row, 6600, c.loss);
    for (LoggedIteration& logged : run.logged) {
      if (logged.iteration < 9000) logged.loss = 9;  // these don't count
    }
    const auto figures = Judge(row, {run});
    EXPECT_EQ(Find(figures, name).reported, "1.2368");
    EXPECT_EQ(Find(figures, name).verdict, c.verdict) << c.loss;
  }
  RunResult run = MakeRun(row, 6600, 1.2368);
  run.logged.erase(run.logged.begin() + 95);
  const auto figures = Judge(row, {run});
  EXPECT_EQ(Find(figures, name).verdict, Verdict::kFail) << "9,500 is absent";
}

TEST(JudgeTest, ALossWithoutABoundIsShown) {
  const PlannedRow row = Plan({.steps = "3"});
  const auto figures = Judge(row, {MakeRun(row, 3000, 5)});
  const Figure& loss = Find(figures, "training loss, mean of 500 to 900 by 100");
  EXPECT_EQ(loss.reported, "1.8558");
  EXPECT_EQ(loss.measured, "5.0000");
  EXPECT_EQ(loss.verdict, Verdict::kUnjudged);
}

TEST(JudgeTest, ARowWithAnotherRecipeIsShown) {
  for (const char* step : {"2", "3", "6"}) {
    const auto rows = PlanRows(ReportedWork(), {.steps = step}).value();
    for (size_t i = 1; i < rows.size(); ++i) {
      EXPECT_THAT(Judge(rows[i], {MakeRun(rows[i], 9999)}),
                  Each(Field(&Figure::verdict, Verdict::kUnjudged)))
          << rows[i].row.name();
      EXPECT_EQ(VerdictText(rows[i], Verdict::kUnjudged), "not judged");
    }
  }
}

struct ParameterCase {
  const char* step;
  int64_t parameters;
  const char* measured;
  Verdict verdict;
};

TEST(JudgeTest, ParametersEqualEveryPrintedDigit) {
  const ParameterCase cases[] = {
      {"5", 101000586, "101.000586 M", Verdict::kPass},
      {"5", 101000585, "101.000585 M", Verdict::kFail},
      {"6", 12675690, "12.67569 M", Verdict::kPass},
      {"6", 12675700, "12.67570 M", Verdict::kFail},
  };
  for (const ParameterCase& c : cases) {
    const PlannedRow row = Plan({.steps = c.step, .seeds = 2});
    std::vector<RunResult> runs = {MakeRun(row, 9000), MakeRun(row, 9000)};
    runs[0].parameters = runs[1].parameters = c.parameters;
    const auto figures = Judge(row, runs);
    EXPECT_EQ(Find(figures, "parameters").measured, c.measured);
    EXPECT_EQ(Find(figures, "parameters").verdict, c.verdict) << c.parameters;
    // One run that differs is enough.
    runs[0].parameters = 1;
    const auto differing = Judge(row, runs);
    EXPECT_EQ(Find(differing, "parameters").verdict, Verdict::kFail);
  }
}

TEST(JudgeTest, LearningRatesEqualEveryPrintedDigit) {
  const PlannedRow row = Plan({.steps = "4", .seeds = 2});
  std::vector<RunResult> runs = {MakeRun(row, 9000), MakeRun(row, 9000)};
  const auto rates = [&] { return Find(Judge(row, runs), "learning rates"); };
  EXPECT_EQ(rates().reported, "10 printed");
  EXPECT_EQ(rates().measured, "all equal");
  EXPECT_EQ(rates().verdict, Verdict::kPass);
  double& rate = runs[1].logged[1].learning_rate;
  rate = 7.95374e-4;  // rounds to what was printed
  EXPECT_EQ(rates().verdict, Verdict::kPass);
  rate = 7.95376e-4;
  EXPECT_EQ(rates().measured, "7.9538e-04 at 100");
  EXPECT_EQ(rates().verdict, Verdict::kFail);
  runs[1].logged.erase(runs[1].logged.begin() + 9);
  runs[1].logged[1].learning_rate = 7.9537e-4;
  EXPECT_EQ(rates().measured, "none at 900");
  EXPECT_EQ(rates().verdict, Verdict::kFail);
}

TEST(JudgeTest, StepsWithoutPrintedRatesAreNotComparedByThem) {
  for (const char* step : {"1", "2", "3"}) {
    const PlannedRow row = Plan({.steps = step});
    EXPECT_THAT(Judge(row, {MakeRun(row, 9000)}),
                Each(Field(&Figure::name, Not(HasSubstr("rate")))))
        << step;
  }
}

TEST(JudgeTest, ScaledRowsAreMeasuredAndNotJudged) {
  const PlannedRow row = Plan({.steps = "4", .scale = 0.5});
  const auto figures = Judge(row, {MakeRun(row, 9999)});
  EXPECT_THAT(figures, Each(Field(&Figure::verdict, Verdict::kUnjudged)));
  EXPECT_EQ(Find(figures, "test accuracy").measured, "0.9999");
  EXPECT_EQ(Find(figures, "learning rates").measured, "") << "they are those of other iterations";
  EXPECT_EQ(Find(figures, "training loss, mean of 500 to 900 by 100").measured, "") << "so is it";
}

TEST(JudgeTest, ScaledLossIsOfTheSamePartOfTheRun) {
  const std::pair<double, const char*> cases[] = {
      {0.1, "training loss, mean of 8 to 9"},
      {0.5, "training loss, mean of 40 to 49"},
      {0.02, "training loss, mean of 1 to 1"},
      {0.01, "training loss, mean of 0 to 0"},
  };
  for (const auto& [scale, name] : cases) {
    const PlannedRow row = Plan({.steps = "1", .scale = scale});
    const auto figures = Judge(row, {MakeRun(row, 0, 2)});
    EXPECT_EQ(figures[0].name, name);
    EXPECT_EQ(figures[0].measured, "2.0000");
    EXPECT_EQ(figures[0].verdict, Verdict::kUnjudged);
  }
}

TEST(JudgeTest, OverriddenRowsAreNotJudgedWhateverLengthTheyHave) {
  PlannedRow row = Plan({.steps = "1", .overrides = {"schedule.iterations=3"}});
  row.iterations = 3;  // what the run makes of it
  const auto figures = Judge(row, {MakeRun(row, 0, 2)});
  EXPECT_EQ(figures[0].name, "training loss, mean of 2 to 2");
  EXPECT_EQ(figures[0].verdict, Verdict::kUnjudged);
}

TEST(UnmeasuredTest, HasTheReportedFiguresAndTheVerdict) {
  const auto figures = Unmeasured(Plan({.steps = "6"}), Verdict::kError);
  EXPECT_THAT(figures, SizeIs(4));
  EXPECT_THAT(figures, Each(Field(&Figure::verdict, Verdict::kError)));
  EXPECT_THAT(figures, Each(Field(&Figure::measured, "")));
  EXPECT_EQ(Find(figures, "test accuracy").reported, "0.6516");
}

TEST(UnmeasuredTest, Step7WasReportedByCheckpointsAndMeans) {
  const auto figures = Unmeasured(Plan({.steps = "7"}), Verdict::kNotRun);
  EXPECT_EQ(Find(figures, "checkpoint 300000, validation loss").reported, "1.1369");
  EXPECT_EQ(Find(figures, "checkpoint 300000, top-1 / top-5").reported, "70.58 / 90.42 %");
  EXPECT_EQ(Find(figures, "mean of 6 checkpoints, 280K to 330K").reported, "74.22 / 91.60 %");
  EXPECT_EQ(Find(figures, "mean of the last 5 checkpoints").reported, "74.42 / 91.12 %");
  EXPECT_EQ(Find(figures, "parameters").reported, "86 M");
}

TEST(JudgeTest, Step7IsJudgedByItsCheckpoints) {
  const PlannedRow row = Plan({.steps = "7"});
  RunResult run = MakeRun(row, 0, 2);
  run.parameters = 85'878'628;
  run.checkpoints = {{.loss = 1.2, .top1 = 0.7, .top5 = 0.9},
                     {.loss = 1, .top1 = 0.7423, .top5 = 0.916},
                     {.loss = 1, .top1 = 0.7, .top5 = 0.9},
                     {.loss = 1, .top1 = 0.8, .top5 = 0.95},
                     {.loss = 1, .top1 = 0.7242, .top5 = 0.9}};
  const auto figures = Judge(row, {run});
  const auto verdict = [&](const char* name) { return Find(figures, name).verdict; };
  EXPECT_EQ(verdict("checkpoint 300000, validation loss"), Verdict::kFail);
  EXPECT_EQ(verdict("checkpoint 300000, top-1 / top-5"), Verdict::kPass);
  EXPECT_EQ(Find(figures, "mean of 6 checkpoints, 280K to 330K").measured, "74.23 / 91.60 %");
  EXPECT_EQ(verdict("mean of 11 checkpoints, 250K to 350K"), Verdict::kFail);
  EXPECT_EQ(verdict("mean of 13 checkpoints, 280K to 400K"), Verdict::kPass);
  EXPECT_EQ(verdict("mean of the last 5 checkpoints"), Verdict::kPass) << "two points below";
  EXPECT_EQ(verdict("parameters"), Verdict::kPass);
}

TEST(VerdictTextTest, AlteredRowsSayHow) {
  const PlannedRow plain = Plan({.steps = "1"});
  EXPECT_EQ(VerdictText(plain, Verdict::kPass), "pass");
  EXPECT_EQ(VerdictText(plain, Verdict::kNotRun), "not run");
  EXPECT_EQ(VerdictText(Plan({.steps = "1", .scale = 0.5}), Verdict::kUnjudged), "scaled");
  EXPECT_EQ(VerdictText(Plan({.steps = "1", .overrides = {"threads=1"}}), Verdict::kUnjudged),
            "overridden");
  EXPECT_EQ(VerdictText(Plan({.steps = "1", .scale = 0.5, .overrides = {"threads=1"}}),
                        Verdict::kUnjudged),
            "scaled, overridden");
}

TEST(RulesTest, TheBoundIsAmongThemWhereItApplies) {
  const PlannedRow with[] = {Plan({.steps = "1"})}, without[] = {Plan({.steps = "2"})};
  EXPECT_THAT(Rules(with), Contains(HasSubstr("mean of 80 to 99, passes if it is at most 1.1")));
  EXPECT_THAT(Rules(without), Each(Not(HasSubstr("Step 1"))));
  EXPECT_THAT(Rules(without), Contains(HasSubstr("less 0.02")));
}

TEST(RulesTest, EachIsSaidOnce) {
  const auto rows = PlanRows(ReportedWork(), {.steps = "2,3,4,5,6"}).value();
  const std::vector<std::string> rules = Rules(rows);
  EXPECT_THAT(rules, SizeIs(6));
  EXPECT_EQ(std::set<std::string>(rules.begin(), rules.end()).size(), rules.size());
  EXPECT_THAT(rules, Contains(HasSubstr("9000 to 9900 by 100, passes within 0.10")));
}

TEST(RulesTest, ThatOfCheckpointsFollowsThatOfAccuracies) {
  const auto rows = PlanRows(ReportedWork(), {.steps = "1,2,7"}).value();
  const std::vector<std::string> rules = Rules(rows);
  EXPECT_THAT(rules[0], StartsWith("A test accuracy"));
  EXPECT_THAT(rules[1], StartsWith("So do top-1 accuracies of step 7's"));
}

TEST(SourcesTest, AreOfEachStepOnce) {
  const auto rows = PlanRows(ReportedWork(), {.steps = "1,2,6"}).value();
  const std::vector<std::string> sources = Sources(rows);
  ASSERT_THAT(sources, SizeIs(2));
  EXPECT_THAT(sources[0], StartsWith("Step 2, 0.8095: the document; taken with dropout active"));
  EXPECT_THAT(sources[1], StartsWith("Step 6, 0.6516: "));
}

}  // namespace
}  // namespace vitrine
