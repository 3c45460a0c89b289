#include "base/problems.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProblemsTest, AreKeptInOrder) {
  Problems problems;
  problems.Check(true, "not this");
  problems.Check(false, "a: bad");
  problems.InRange("b", 3, 1, 2);
  problems.NotNegative("c", -1);
  problems.Append({"d: bad", "e: bad"});
  EXPECT_THAT(problems.Take(), ElementsAre("a: bad", "b: must be from 1 to 2, is 3",
                                           "c: must be 0 or more, is -1", "d: bad", "e: bad"));
}

TEST(ProblemsTest, BoundsAreAllowedAndNotANumberIsNot) {
  Problems problems;
  problems.InRange("low", 1, 1, 2);
  problems.InRange("high", 2, 1, 2);
  problems.NotNegative("zero", 0);
  EXPECT_THAT(problems.Take(), IsEmpty());
  problems.InRange("nan", NAN, 1, 2);
  problems.NotNegative("nan", NAN);
  EXPECT_EQ(problems.Take().size(), 2);
}

TEST(ProblemsErrorTest, NamesThemAll) {
  EXPECT_TRUE(ProblemsError({}).ok());
  EXPECT_EQ(ProblemsError({"a: too big", "b: absent"}).message(), "a: too big; b: absent");
  EXPECT_EQ(ProblemsError({"a: too big"}, "data set x").message(), "data set x: a: too big");
}

}  // namespace
}  // namespace vitrine
