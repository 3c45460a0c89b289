// Which images the batches hold that a process reads.

#ifndef DATA_BATCHES_BATCH_PLAN_H_
#define DATA_BATCHES_BATCH_PLAN_H_

#include <cstdint>
#include <functional>
#include <vector>

namespace vitrine {

// Which images the batches of these numbers, [first, last), hold, and in which epoch that is.
struct BatchPlan {
  int64_t first = 0, last = 0;
  std::function<std::vector<int64_t>(int64_t batch)> indices;
  std::function<int64_t(int64_t batch)> epoch;
};

// Images 0 to count - 1 in their order, in batches of at most batch_size, as often as there are
// passes; each pass is an epoch.
BatchPlan PlanInOrder(int64_t count, int64_t batch_size, int64_t passes = 1);

// What one of several processes has of the work.
struct Share {
  int64_t index = 0, count = 1;
};

// Of each batch the share's part of `count` equal ones. With `neighbor` it begins with the image
// before that part, which for the first part is the batch's last: images are mixed with it.
BatchPlan PartOfEach(const BatchPlan& plan, const Share& share, bool neighbor);

// Batches `index`, `index + count` and so on of the plan, numbered from 0.
BatchPlan EveryNth(const BatchPlan& plan, const Share& share);

}  // namespace vitrine

#endif  // DATA_BATCHES_BATCH_PLAN_H_
