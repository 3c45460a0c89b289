#include "eval/reproduce/report/markdown_table.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(MarkdownTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  MarkdownTable table({{"a"}, {"loss", /*is_number=*/true}});
  table.Add({"first", "2"});
  table.Add({"", "10.25"});
  EXPECT_EQ(table.Text(),
            "| a     |  loss |\n"
            "| ----- | ----: |\n"
            "| first |     2 |\n"
            "|       | 10.25 |\n");
}

TEST(MarkdownTableTest, CellsCannotBreakTheTable) {
  MarkdownTable table({{"abc"}});
  table.Add({"x|y\nz"});
  EXPECT_EQ(table.Text(),
            "| abc    |\n"
            "| ------ |\n"
            "| x\\|y z |\n");
}

TEST(MarkdownTableTest, WithoutRowsThereAreTitles) {
  EXPECT_EQ(MarkdownTable({{"abc"}, {"n", true}}).Text(), "| abc |   n |\n| --- | --: |\n");
}

TEST(MarkdownTableDeathTest, CellsMatchTheColumns) {
  MarkdownTable table({{"a"}});
  EXPECT_DEATH(table.Add({"1", "2"}), "cells");
}

}  // namespace
}  // namespace vitrine
