#include "data/batches/batch_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TEST(BatchPlanTest, PartsMakeUpEachBatch) {
  const BatchPlan plan = PlanInOrder(/*count=*/24, /*batch_size=*/12, /*passes=*/2);
  for (const int64_t count : {1, 2, 3, 4, 6, 12}) {
    for (int64_t batch = 0; batch < plan.last; ++batch) {
      std::vector<int64_t> together;
      for (int64_t index = 0; index < count; ++index) {
        const BatchPlan part = PartOfEach(plan, {index, count}, /*neighbor=*/false);
        EXPECT_EQ(part.first, plan.first);
        EXPECT_EQ(part.last, plan.last);
        EXPECT_EQ(part.epoch(batch), plan.epoch(batch));
        const std::vector<int64_t> indices = part.indices(batch);
        together.insert(together.end(), indices.begin(), indices.end());
      }
      EXPECT_THAT(together, ElementsAreArray(plan.indices(batch)));
    }
  }
}

TEST(BatchPlanTest, ANeighborIsTheImageBeforeAPart) {
  const BatchPlan plan = PlanInOrder(/*count=*/6, /*batch_size=*/6);
  const auto part = [&](int64_t index) {
    return PartOfEach(plan, {index, 3}, /*neighbor=*/true).indices(0);
  };
  EXPECT_THAT(part(0), ElementsAre(5, 0, 1));
  EXPECT_THAT(part(1), ElementsAre(1, 2, 3));
  EXPECT_THAT(part(2), ElementsAre(3, 4, 5));
}

TEST(BatchPlanTest, EveryNthBatchIsDealtOutOnce) {
  const BatchPlan plan = PlanInOrder(/*count=*/10, /*batch_size=*/3);  // 4 batches
  const BatchPlan even = EveryNth(plan, {0, 2}), odd = EveryNth(plan, {1, 2});
  ASSERT_EQ(even.last - even.first, 2);
  ASSERT_EQ(odd.last - odd.first, 2);
  EXPECT_THAT(even.indices(1), ElementsAre(6, 7, 8));
  EXPECT_THAT(odd.indices(0), ElementsAre(3, 4, 5));
  EXPECT_THAT(odd.indices(1), ElementsAre(9));
}

TEST(BatchPlanTest, WhoComesTooLateHasNoBatch) {
  const BatchPlan none = EveryNth(PlanInOrder(/*count=*/5, /*batch_size=*/3), {3, 4});
  EXPECT_EQ(none.first, none.last);
}

}  // namespace
}  // namespace vitrine
