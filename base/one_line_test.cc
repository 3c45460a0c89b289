#include "base/one_line.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(OneLineTest, NamesStayAsTheyAre) {
  for (const char* name :
       {"", "carpenter's kit", "a \"house\" finch, 雀", "C:\\pictures", "\xff"}) {
    EXPECT_EQ(OneLine(name), name);
  }
}

TEST(OneLineTest, WhatBreaksALineIsEscaped) {
  EXPECT_EQ(OneLine("ü\nline"), "ü\\nline");
  EXPECT_EQ(OneLine("a\r\tb"), "a\\r\\tb");
  EXPECT_EQ(OneLine("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
}

}  // namespace
}  // namespace vitrine
