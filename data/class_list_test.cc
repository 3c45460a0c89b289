#include "data/class_list.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// The checksum of "a\nb\n", by an independent program: numbers in old results must keep theirs.
TEST(ClassListIdTest, IsTheChecksumOfTheLines) {
  EXPECT_EQ(ClassListId({"a", "b"}), "52a4fb0b");
  EXPECT_EQ(ClassListId({}), "00000000");
}

TEST(ClassListIdTest, ListsThatDifferInOrderOrInBordersDiffer) {
  EXPECT_NE(ClassListId({"a", "b"}), ClassListId({"b", "a"}));
  EXPECT_NE(ClassListId({"ab", "c"}), ClassListId({"a", "bc"}));
}

}  // namespace
}  // namespace vitrine
