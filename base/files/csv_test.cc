#include "base/files/csv.h"

#include <malloc.h>

#include <cmath>
#include <string>
#include <utility>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CsvTableTest, GivesColumnsByName) {
  ASSERT_OK_AND_ASSIGN(CsvTable parsed, CsvTable::Parse("step,loss,split\n1,0.5,a\n20,1e-3,b\n"));
  const CsvTable table = std::move(parsed);
  EXPECT_EQ(table.rows(), 2);
  EXPECT_THAT(table.names(), ElementsAre("step", "loss", "split"));
  ASSERT_OK_AND_ASSIGN(const auto steps, table.Integers("step"));
  EXPECT_THAT(steps, ElementsAre(1, 20));
  ASSERT_OK_AND_ASSIGN(const auto losses, table.Numbers("loss"));
  EXPECT_THAT(losses, ElementsAre(0.5, 1e-3));
  ASSERT_OK_AND_ASSIGN(const auto splits, table.Texts("split"));
  EXPECT_THAT(splits, ElementsAre("a", "b"));
}

TEST(CsvTableTest, NamesWithoutRowsAreATable) {
  ASSERT_OK_AND_ASSIGN(const CsvTable table, CsvTable::Parse("loss\n"));
  ASSERT_OK_AND_ASSIGN(const auto losses, table.Numbers("loss"));
  EXPECT_THAT(losses, IsEmpty());
}

TEST(CsvTableTest, NotFiniteIsANumber) {
  ASSERT_OK_AND_ASSIGN(const CsvTable table, CsvTable::Parse("loss\nnan\ninf\n"));
  ASSERT_OK_AND_ASSIGN(const auto losses, table.Numbers("loss"));
  EXPECT_TRUE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isinf(losses[1]));
}

TEST(CsvTableTest, DamageIsNamedWithItsLine) {
  EXPECT_THAT(CsvTable::Parse(""), Fails(absl::StatusCode::kDataLoss, "does not end with a line"));
  EXPECT_THAT(CsvTable::Parse("a,b\n1,2\n3"),
              Fails(absl::StatusCode::kDataLoss, "does not end with a line"));
  EXPECT_THAT(CsvTable::Parse("a,b\n1,2\n3\n"),
              Fails(absl::StatusCode::kDataLoss, "line 3: has 1 cells, not 2"));
  ASSERT_OK_AND_ASSIGN(const CsvTable table, CsvTable::Parse("a,b\n1,x\n1.5,\n"));
  EXPECT_THAT(table.Numbers("b"), Fails(absl::StatusCode::kDataLoss, "line 2: b is 'x'"));
  EXPECT_THAT(table.Integers("a"), Fails(absl::StatusCode::kDataLoss, "line 3: a is '1.5'"));
  EXPECT_THAT(table.Numbers("c"), Fails(absl::StatusCode::kDataLoss, "there is no column c"));
}

// A list of cells for each row took eight times as much.
TEST(CsvTableTest, TakesLittleMoreThanTheText) {
  std::string text = "a,b,c,d,e,f,g,h,i\n";
  for (int i = 0; i < 100'000; ++i) text += "1,2,3,4,5,6,7,8,9\n";
  const size_t size = text.size();
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const size_t before = in_use();
  ASSERT_OK_AND_ASSIGN(const CsvTable table, CsvTable::Parse(std::move(text)));
  EXPECT_LT(in_use() - before, 2 * size);
  EXPECT_EQ(table.Integers("i").value()[99'999], 9);
}

}  // namespace
}  // namespace vitrine
