#include "eval/reproduce/reproduction.h"

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "eval/reported.h"
#include "eval/reproduce/fake_train.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<PlannedRow> Plan(const ReproductionRequest& request) {
  return PlanRows(ReportedWork(), request).value();
}

// The rows of the request, with this script as the program.
const WriteReports kNoReports = [](absl::Span<const RowResult>) { return absl::OkStatus(); };

std::vector<RowResult> RunAll(const ReproductionRequest& request, const std::string& script,
                              const RunOptions& options) {
  auto results = RunRows(Plan(request), FakePrograms(script), options, kNoReports);
  EXPECT_OK(results);
  return results.value_or(std::vector<RowResult>());
}

Verdict AccuracyVerdict(const RowResult& result) { return result.figures.front().verdict; }

TEST(RunRowsTest, RunsEverySeedInAFolderOfItsOwnAndJudges) {
  const RunOptions options = {.data_dir = "/d", .run_dir = EmptyFolder("runs")};
  const auto results = RunAll({.steps = "3", .seeds = 2}, FinishedRun(2600), options);
  ASSERT_THAT(results, SizeIs(2)) << "as run, and as documented";
  EXPECT_EQ(results[0].problem, "");
  EXPECT_THAT(results[0].runs, SizeIs(2));
  EXPECT_EQ(AccuracyVerdict(results[0]), Verdict::kPass);
  EXPECT_TRUE(std::filesystem::exists(options.run_dir / "step3-seed0" / "metrics.csv"));
  EXPECT_TRUE(std::filesystem::exists(options.run_dir / "step3-seed1" / "metrics.csv"));
  EXPECT_EQ(AccuracyVerdict(results[1]), Verdict::kUnjudged);
  EXPECT_OK(CheckAllPassed(results));
}

TEST(RunRowsTest, GivesFoldersAndResumeToTheProgram) {
  const std::filesystem::path folder = EmptyFolder("arguments");
  const std::string script =
      absl::StrCat("echo \"$*\" >> '", (folder / "seen").string(), "'\n", FinishedRun(2600));
  RunOptions options = {.data_dir = "/d", .run_dir = folder, .resume = true};
  RunAll({.steps = "3"}, script, options);
  EXPECT_THAT(ReadFile(folder / "seen").value(),
              AllOf(HasSubstr("--config=step3 "), HasSubstr(" --data_dir=/d "),
                    HasSubstr("/step3-seed0 "), HasSubstr(" --resume")));
  std::filesystem::remove(folder / "seen");
  options = {.data_dir = "", .run_dir = folder, .resume = false};
  RunAll({.steps = "3"}, script, options);
  EXPECT_THAT(ReadFile(folder / "seen").value(),
              Not(AnyOf(HasSubstr("--data_dir"), HasSubstr("--resume"))));
}

TEST(RunRowsTest, AFailedRunIsAnErrorOfItsRowAlone) {
  const std::string script = "case $* in *step3*) exit 1 ;; esac\n" + FinishedRun(9999);
  const auto results =
      RunAll({.steps = "3,2"}, script, {.data_dir = "", .run_dir = EmptyFolder("failed")});
  ASSERT_THAT(results, SizeIs(4));
  EXPECT_THAT(results[0].problem, AllOf(HasSubstr("step3-seed0"), HasSubstr("exit status 1")));
  EXPECT_EQ(AccuracyVerdict(results[0]), Verdict::kError);
  EXPECT_THAT(results[0].runs, IsEmpty());
  EXPECT_EQ(AccuracyVerdict(results[2]), Verdict::kPass);
  EXPECT_THAT(CheckAllPassed(results), Fails(absl::StatusCode::kInternal,
                                             AllOf(HasSubstr("step 3"), Not(HasSubstr("step 2")))));
}

TEST(RunRowsTest, ARunThatLeavesNothingIsAnError) {
  const auto results =
      RunAll({.steps = "3"}, "exit 0", {.data_dir = "", .run_dir = EmptyFolder("nothing")});
  EXPECT_EQ(AccuracyVerdict(results[0]), Verdict::kError);
  EXPECT_THAT(results[0].problem, HasSubstr("run.json"));
}

TEST(RunRowsTest, ARowThatCannotBeRunIsNeitherStartedNorAFailure) {
  std::vector<PlannedRow> rows = Plan({.steps = "7"});
  rows[0].row.set_not_run("no data");
  ASSERT_OK_AND_ASSIGN(const auto results,
                       RunRows(rows, FakePrograms("exit 1"),
                               {.data_dir = "", .run_dir = EmptyFolder("not_run")}, kNoReports));
  EXPECT_EQ(results[0].problem, "no data");
  EXPECT_THAT(results[0].figures, Each(Field(&Figure::verdict, Verdict::kNotRun)));
  EXPECT_OK(CheckAllPassed(results));
}

TEST(RunRowsTest, CheckpointsThatCannotBeMeasuredAreAnError) {
  const RunOptions options = {.data_dir = "", .run_dir = EmptyFolder("unmeasured")};
  const auto results = RunAll({.steps = "7"}, FinishedRun(2600), options);  // no //eval ran
  EXPECT_THAT(results[0].problem, HasSubstr("000300000.model.test.textproto"));
  EXPECT_THAT(results[0].figures, Each(Field(&Figure::verdict, Verdict::kError)));
}

TEST(RunRowsTest, WhatHasEndedIsReportedBeforeTheNextRow) {
  std::vector<size_t> reported;
  const WriteReports write = [&](absl::Span<const RowResult> results) {
    EXPECT_NE(results.back().figures.front().verdict, Verdict::kNotRun);
    reported.push_back(results.size());
    return reported.size() < 3 ? absl::OkStatus() : absl::InternalError("disk full");
  };
  const RunOptions options = {.data_dir = "", .run_dir = EmptyFolder("reported")};
  EXPECT_THAT(RunRows(Plan({.steps = "3,2"}), FakePrograms(FinishedRun(2600)), options, write),
              Fails(absl::StatusCode::kInternal, "disk full"));
  EXPECT_THAT(reported, ElementsAre(1, 2, 3));
}

TEST(RunRowsTest, AnInterruptionEndsTheRunAndNoOtherIsStarted) {
  const RunOptions options = {.data_dir = "", .run_dir = EmptyFolder("interrupted")};
  // The run interrupts its parent, which is this process, and ends when the signal is passed on.
  const Programs programs =
      FakePrograms("trap 'exit 130' INT; kill -INT $PPID; while :; do sleep 0.01; done");
  const auto results = RunRows(Plan({.steps = "3,4"}), programs, options, kNoReports);
  EXPECT_THAT(results, Fails(absl::StatusCode::kCancelled, HasSubstr("go on with --resume")));
  EXPECT_EQ(ExitStatus("reproduce", results.status()), 130);
}

TEST(CheckAllPassedTest, ALowAccuracyFailsUnlessTheRowIsScaled) {
  const RunOptions options = {.data_dir = "", .run_dir = EmptyFolder("low")};
  EXPECT_THAT(CheckAllPassed(RunAll({.steps = "3"}, FinishedRun(1000), options)),
              Fails(absl::StatusCode::kInternal, HasSubstr("step 3 (CIFAR-10)")));
  EXPECT_OK(CheckAllPassed(RunAll({.steps = "3", .scale = 0.5}, FinishedRun(1000), options)));
}

}  // namespace
}  // namespace vitrine
