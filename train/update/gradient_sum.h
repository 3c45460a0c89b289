// The gradients of a batch, summed over its shards in an order that does not depend on how many
// processes compute them.
//
//   for (each shard of this process) {
//     loss.backward();
//     sum.Add(loss.detach());
//   }
//   RETURN_IF_ERROR(sum.Exchange(&group));
//   const at::Tensor loss = sum.Take();  // and the parameters have their gradients

#ifndef TRAIN_UPDATE_GRADIENT_SUM_H_
#define TRAIN_UPDATE_GRADIENT_SUM_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// Shards are the leaves of one binary tree: neighbours are added, then neighbouring sums, and an
// odd last one goes up as it is. A process that has a power of two of the shards, in their order,
// has a whole subtree, and the group's SumInTree adds those of the processes. Sums are float32.
class GradientSum {
 public:
  explicit GradientSum(std::vector<at::Tensor> parameters);

  // Adds the next shard's loss, of no dimensions, and the gradients that its backward passes have
  // left in the parameters, which then have none.
  void Add(const at::Tensor& loss);

  // Adds the sums of the group's other processes, of which each has added as many shards.
  absl::Status Exchange(ProcessGroup* group);

  // Gives the parameters their gradients, in this object's memory, and returns the loss; both hold
  // until the next shard is added.
  at::Tensor Take();

  // Forgets what was added.
  void Clear();

 private:
  // A sum over the leaves of a subtree. All numbers lie in one tensor, to be sent as one.
  struct Partial {
    int64_t leaves = 0;
    at::Tensor memory;
    std::vector<at::Tensor> gradients;  // as the parameters, in the memory
    at::Tensor loss;
  };

  Partial MakePartial() const;
  void Push();
  void MergeLastTwo();
  void MergeAll();

  std::vector<at::Tensor> parameters_;
  std::vector<Partial> partials_;  // from left to right, each of more leaves than the next
  std::vector<Partial> free_;
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_GRADIENT_SUM_H_
