#include "base/parallel/agreement.h"

#include "absl/status/status.h"
#include "base/parallel/single_process.h"
#include "base/parallel/thread_group.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

TEST(AgreementTest, AllGetWhatEachHas) {
  RunOnThreads(3, [](ProcessGroup& group) {
    const auto all = GatherOrFail(&group, std::string(group.rank(), 'x'));
    ASSERT_OK(all);
    EXPECT_THAT(*all, ElementsAre("", "x", "xx"));
  });
}

TEST(AgreementTest, AllGetTheErrorOfTheLowestRankThatHasOne) {
  RunOnThreads(4, [](ProcessGroup& group) {
    const absl::Status own =
        group.rank() < 2 ? absl::OkStatus() : absl::DataLossError(std::string(group.rank(), '!'));
    EXPECT_EQ(AgreeOn(&group, own), absl::DataLossError("rank 2: !!"));
  });
}

TEST(AgreementTest, RankZeroDecides) {
  RunOnThreads(3, [](ProcessGroup& group) {
    const auto word = FromRankZero(&group, [&]() -> absl::StatusOr<std::string> {
      if (group.rank() == 0) return "so";
      return absl::InternalError("not asked");
    });
    ASSERT_OK(word);
    EXPECT_EQ(*word, "so");
  });
}

TEST(AgreementTest, AloneAnErrorIsNobodyElses) {
  EXPECT_EQ(AgreeOn(Alone(), absl::DataLossError("bad")), absl::DataLossError("bad"));
}

}  // namespace
}  // namespace vitrine
