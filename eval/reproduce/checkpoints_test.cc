#include "eval/reproduce/checkpoints.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "eval/reported.h"
#include "eval/reproduce/fake_train.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace fs = std::filesystem;

// What the programs are called with goes to a file, a line each.
class MeasureCheckpointsTest : public ::testing::Test {
 protected:
  ChildProgram Fake(const std::string& name, const std::string& script) const {
    return FakeProgram(name, absl::StrCat("echo ", name, " \"$*\" >> ",
                                          (folder_ / "calls").string(), "\n", script));
  }

  // A //eval that leaves this text beside each checkpoint.
  ChildProgram FakeEval(const std::string& result) const {
    return Fake("eval", absl::StrCat("for c in $(echo ${1#--checkpoint=} | tr , ' '); do\n",
                                     "  mkdir -p $(dirname $c)\n", "  echo '", result,
                                     "' > $c.model.test.textproto\n", "done\n"));
  }

  absl::StatusOr<std::vector<MeasuredCheckpoint>> Measure(const ChildProgram& evaluate) const {
    const Programs programs = {.train = Fake("train", "exit 1"),
                               .evaluate = evaluate,
                               .average = Fake("swa",
                                               "for a; do last=$a; done\n"
                                               "mkdir ${last#--output=}\n"),
                               .rollout = Fake("rollout", "")};
    return MeasureCheckpoints(row_, programs, folder_ / "run", "/d");
  }

  const fs::path folder_ = EmptyFolder("measure");
  const PlannedRow row_ = PlanRows(ReportedWork(), {.steps = "7"}).value()[0];
};

TEST_F(MeasureCheckpointsTest, AveragesEvaluatesAndShows) {
  ASSERT_OK_AND_ASSIGN(const auto measured,
                       Measure(FakeEval("count: 50 correct_top1: 10 correct_top5: 20 loss: 1.5")));
  ASSERT_THAT(measured, SizeIs(5));
  EXPECT_EQ(measured[4].loss, 1.5);
  EXPECT_EQ(measured[4].top1, 0.2);
  EXPECT_EQ(measured[4].top5, 0.4);
  const std::string run = (folder_ / "run").string();
  EXPECT_EQ(ReadFile(folder_ / "calls").value(),
            absl::StrCat(
                "swa --first=280000 --last=330001 --run_dir=", run, " --output=", run,
                "/averages/280k-330k\n",  //
                "swa --first=250000 --last=350001 --run_dir=", run, " --output=", run,
                "/averages/250k-350k\n",  //
                "swa --first=280000 --last=400001 --run_dir=", run, " --output=", run,
                "/averages/280k-last\n",  //
                "swa --count=5 --run_dir=", run, " --output=", run, "/averages/last-5\n",
                "eval --checkpoint=", run, "/checkpoints/000300000,", run, "/averages/280k-330k,",
                run, "/averages/250k-350k,", run, "/averages/280k-last,", run,
                "/averages/last-5 --data_dir=/d\n",  //
                "rollout --checkpoint=", run,
                "/averages/last-5 --count=16 --data_dir=/d --output_dir=", run, "/rollout\n"));
}

TEST_F(MeasureCheckpointsTest, AveragesThatAreThereAreKept) {
  const ChildProgram evaluate = FakeEval("count: 1");
  ASSERT_OK(CreateFolder(folder_ / "run" / "averages" / "280k-330k"));
  ASSERT_OK(Measure(evaluate));
  ASSERT_OK_AND_ASSIGN(const std::string calls, ReadFile(folder_ / "calls"));
  EXPECT_THAT(calls, Not(HasSubstr("--output=" + (folder_ / "run/averages/280k-330k\n").string())));
}

// As a program wrote it that kept whole rows of the confusion matrix.
TEST_F(MeasureCheckpointsTest, OlderResultsAreRead) {
  ASSERT_OK_AND_ASSIGN(
      const auto measured,
      Measure(FakeEval("split: \"test\" count: 8 correct_top1: 6 correct_top5: 8 loss: 0.5\n"
                       "classes { name: \"a\" count: 5 correct: 4 predicted: 4 predicted: 1 }\n"
                       "classes { name: \"b\" count: 3 correct: 2 predicted: [1, 2] }")));
  EXPECT_EQ(measured[0].top1, 0.75);
}

TEST_F(MeasureCheckpointsTest, ProgramsThatFailAndDamagedResultsAreErrors) {
  EXPECT_THAT(Measure(Fake("eval", "exit 1")),
              Fails(absl::StatusCode::kInternal, HasSubstr("eval ended with exit status 1")));
  for (const char* result : {"", "count: 0", "count: x", "\\0"}) {
    EXPECT_THAT(Measure(FakeEval(result)),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("000300000.model.test.textproto")));
  }
}

TEST_F(MeasureCheckpointsTest, ARowWithoutCheckpointsStartsNothing) {
  const ChildProgram none("none", "/absent");
  const PlannedRow row = PlanRows(ReportedWork(), {.steps = "6"}).value()[0];
  ASSERT_OK_AND_ASSIGN(const auto measured,
                       MeasureCheckpoints(row, {none, none, none, none}, folder_, ""));
  EXPECT_THAT(measured, IsEmpty());
}

}  // namespace
}  // namespace vitrine
