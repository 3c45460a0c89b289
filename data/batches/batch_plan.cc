#include "data/batches/batch_plan.h"

#include <algorithm>
#include <numeric>

#include "glog/logging.h"

namespace vitrine {

BatchPlan PlanInOrder(int64_t count, int64_t batch_size, int64_t passes) {
  const int64_t batches = (count + batch_size - 1) / batch_size;  // of a pass
  return {.first = 0,
          .last = passes * batches,
          .indices =
              [=](int64_t batch) {
                const int64_t begin = batch % batches * batch_size;
                std::vector<int64_t> indices(std::min(batch_size, count - begin));
                std::iota(indices.begin(), indices.end(), begin);
                return indices;
              },
          .epoch = [=](int64_t batch) { return batch / batches; }};
}

BatchPlan PartOfEach(const BatchPlan& plan, const Share& share, bool neighbor) {
  BatchPlan part = plan;
  part.indices = [whole = plan.indices, share, neighbor](int64_t batch) {
    const std::vector<int64_t> all = whole(batch);
    const auto size = static_cast<int64_t>(all.size());
    CHECK_EQ(size % share.count, 0);
    const int64_t begin = size / share.count * share.index;
    std::vector<int64_t> indices;
    for (int64_t i = begin - (neighbor ? 1 : 0); i < begin + size / share.count; ++i) {
      indices.push_back(all[(i + size) % size]);
    }
    return indices;
  };
  return part;
}

BatchPlan EveryNth(const BatchPlan& plan, const Share& share) {
  const int64_t left = plan.last - plan.first - share.index;
  const auto number = [=, first = plan.first](int64_t batch) {
    return first + share.index + batch * share.count;
  };
  return {.first = 0,
          .last = std::max<int64_t>(0, (left + share.count - 1) / share.count),
          .indices = [=, all = plan.indices](int64_t batch) { return all(number(batch)); },
          .epoch = [=, all = plan.epoch](int64_t batch) { return all(number(batch)); }};
}

}  // namespace vitrine
