#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/random.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Labels of a few classes of very different sizes, mixed.
std::vector<int64_t> SomeLabels(int64_t size, uint64_t seed) {
  RandomStream stream(seed, "split_test");
  std::vector<int64_t> labels(size);
  for (int64_t& label : labels) label = stream.Below(1 + stream.Below(12));
  return labels;
}

std::map<int64_t, int64_t> CountByClass(const std::vector<int64_t>& labels,
                                        const std::vector<int64_t>& items) {
  std::map<int64_t, int64_t> count;
  for (const int64_t item : items) ++count[labels[item]];
  return count;
}

std::vector<int64_t> AllOf(int64_t size) {
  std::vector<int64_t> all(size);
  for (int64_t i = 0; i < size; ++i) all[i] = i;
  return all;
}

struct Case {
  int64_t size;
  int64_t count;
};

class HoldOutTest : public ::testing::TestWithParam<Case> {
 protected:
  const std::vector<int64_t> labels_ = SomeLabels(GetParam().size, GetParam().size);
  const HoldOut split_ = HoldOutStratified(labels_, GetParam().count, 7);
};

TEST_P(HoldOutTest, CountIsExact) {
  EXPECT_EQ(split_.held.size(), GetParam().count);
  EXPECT_EQ(split_.kept.size(), GetParam().size - GetParam().count);
}

TEST_P(HoldOutTest, PartsAreRisingAndDisjointAndComplete) {
  EXPECT_TRUE(std::is_sorted(split_.held.begin(), split_.held.end()));
  EXPECT_TRUE(std::is_sorted(split_.kept.begin(), split_.kept.end()));
  std::vector<int64_t> all;
  std::merge(split_.held.begin(), split_.held.end(), split_.kept.begin(), split_.kept.end(),
             std::back_inserter(all));
  EXPECT_EQ(all, AllOf(GetParam().size));
}

TEST_P(HoldOutTest, EveryClassGivesItsShareWithinOne) {
  std::map<int64_t, int64_t> held = CountByClass(labels_, split_.held);
  for (const auto& [label, size] : CountByClass(labels_, AllOf(GetParam().size))) {
    const double share = static_cast<double>(GetParam().count) * size / GetParam().size;
    EXPECT_LT(std::abs(held[label] - share), 1) << "class " << label;
  }
}

TEST_P(HoldOutTest, SameSeedSameSplit) {
  EXPECT_EQ(HoldOutStratified(labels_, GetParam().count, 7).held, split_.held);
}

INSTANTIATE_TEST_SUITE_P(Sizes, HoldOutTest,
                         ::testing::Values(Case{1, 0}, Case{1, 1}, Case{13, 5}, Case{100, 99},
                                           Case{100, 100}, Case{1797, 360}, Case{20'000, 1},
                                           Case{20'000, 4999}),
                         [](const auto& info) {
                           return "Hold" + std::to_string(info.param.count) + "Of" +
                                  std::to_string(info.param.size);
                         });

TEST(HoldOutStratifiedTest, AnotherSeedHoldsOthers) {
  const std::vector<int64_t> labels = SomeLabels(1000, 1);
  EXPECT_NE(HoldOutStratified(labels, 100, 1).held, HoldOutStratified(labels, 100, 2).held);
}

TEST(HoldOutStratifiedTest, NothingOfNothing) {
  EXPECT_THAT(HoldOutStratified({}, 0, 1).kept, IsEmpty());
}

// Recorded: another choice would let a later version select on what an earlier one trained on.
TEST(HoldOutStratifiedTest, ChoiceStaysTheSameForEver) {
  const std::vector<int64_t> labels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0};
  EXPECT_THAT(HoldOutStratified(labels, 4, 42).held, ElementsAre(2, 4, 9, 10));
}

TEST(SplitTest, NamesComeBack) {
  for (const Split split : {Split::kTrain, Split::kMinival, Split::kTest}) {
    ASSERT_OK_AND_ASSIGN(const Split parsed, ParseSplit(SplitName(split)));
    EXPECT_EQ(parsed, split);
  }
}

TEST(SplitTest, UnknownNameListsTheKnown) {
  EXPECT_THAT(ParseSplit("val"), Fails(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("must be train, minival or test, is 'val'")));
}

}  // namespace
}  // namespace vitrine
