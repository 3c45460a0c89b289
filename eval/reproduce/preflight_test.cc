#include "eval/reproduce/preflight.h"

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

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<PlannedRow> Plan(const std::string& steps) {
  return PlanRows(ReportedWork(), {.steps = steps}).value();
}

TEST(MarkUnavailableTest, RowsGetTheProgramsOwnWords) {
  std::vector<PlannedRow> rows = Plan("4,6");
  const ChildProgram train = FakeTrain(R"(
case "$*" in
  *clip_order=UNSCALED*) echo 'not yet: precision' ;;
  *batch_size=32*) ;;
  *step6*) echo 'not yet: precision'; echo 'not yet: clip_order' ;;
esac)");
  ASSERT_OK(MarkUnavailable(train, &rows));
  EXPECT_FALSE(rows[0].row.has_not_run());
  EXPECT_EQ(rows[1].row.not_run(), "precision; clip_order");
  EXPECT_EQ(rows[2].row.not_run(), "precision");
  EXPECT_FALSE(rows[3].row.has_not_run());
}

TEST(MarkUnavailableTest, RowsThatSayWhyThemselvesAreNotAskedFor) {
  std::vector<PlannedRow> rows = Plan("7");
  rows[0].row.set_not_run("no time");
  ASSERT_OK(MarkUnavailable(FakeTrain("exit 1"), &rows));
  EXPECT_EQ(rows[0].row.not_run(), "no time");
}

TEST(MarkUnavailableTest, RefusedOverridesAreAnError) {
  std::vector<PlannedRow> rows = Plan("1");
  EXPECT_THAT(MarkUnavailable(FakeTrain("echo train: no field x >&2; exit 2"), &rows),
              Fails(absl::StatusCode::kInvalidArgument, "no field x"));
}

TEST(MarkWithoutDataTest, OnlyRowsWithDataAreRun) {
  const std::filesystem::path folder = EmptyFolder("data");
  WriteMnist(folder / "mnist", 20, 10);
  std::vector<PlannedRow> rows = Plan("1,4,7");
  ASSERT_OK(MarkWithoutData(folder, &rows));
  EXPECT_FALSE(rows[0].row.has_not_run());
  EXPECT_THAT(rows[1].row.not_run(), AllOf(HasSubstr("cifar10"), HasSubstr("//data:prepare")));
  EXPECT_THAT(rows[2].row.not_run(), HasSubstr("--dataset=imagenet100"));
}

TEST(MarkWithoutDataTest, WithoutAFolderNothingIsRun) {
  std::vector<PlannedRow> rows = Plan("1,4");
  ASSERT_OK(MarkWithoutData("", &rows));
  EXPECT_THAT(rows[0].row.not_run(), HasSubstr("no --data_dir is given"));
  EXPECT_THAT(rows[1].row.not_run(), HasSubstr("no --data_dir is given"));
}

TEST(MarkWithoutDataTest, DamagedDataIsAnErrorBeforeAnythingIsTrained) {
  const std::filesystem::path folder = EmptyFolder("damaged");
  WriteCifar10(folder / "cifar-10-batches-bin");
  WriteTestFile(folder / "cifar-10-batches-bin" / "data_batch_3.bin", "short");
  std::vector<PlannedRow> rows = Plan("4");
  EXPECT_THAT(MarkWithoutData(folder, &rows),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("data_batch_3.bin")));
}

}  // namespace
}  // namespace vitrine
