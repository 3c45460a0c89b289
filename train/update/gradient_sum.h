// The gradients of a batch, summed over its shards in an order that does not depend on how many
// processes compute them.
//
//   for (each shard of this process) {
//     if (it is the last) sum.SendWhileComputed(&group);  // or not
//     loss.backward();
//     sum.Add(loss.detach());
//   }
//   RETURN_IF_ERROR(sum.Exchange(&group));
//   const at::Tensor loss = sum.Take();  // and the parameters have their gradients

#ifndef TRAIN_UPDATE_GRADIENT_SUM_H_
#define TRAIN_UPDATE_GRADIENT_SUM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "base/parallel/process_group.h"
#include "base/tensors/gradient_hooks.h"

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

  // Before the backward pass that completes the gradients of this process's last shard, on the CPU:
  // the sum is exchanged section by section, from the last parameters to the first, while the pass
  // goes on. What remains for Exchange is to wait. The same bits.
  void SendWhileComputed(ProcessGroup* group);

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

  // Parameters that are sent as one, and where they lie in the memory.
  struct Section {
    size_t first, end;
    int64_t begin, size;
  };

  // What is sent while it is computed.
  struct Sending {
    ProcessGroup* group;
    std::vector<size_t> missing;  // of each section, the parameters without a gradient
    size_t next = 0;              // section
    std::unique_ptr<GradientHooks> hooks;
  };

  void MakeSections();
  Partial MakePartial() const;
  void PushLeaf();
  void TakeGradients(size_t first, size_t end);
  void TakeLoss(const at::Tensor& loss);
  void MergeLastTwo();
  void MergeAll();
  void TakeReady(size_t parameter);
  void Send(int64_t begin, int64_t size);
  void EndSending();

  std::vector<at::Tensor> parameters_;
  std::vector<Section> sections_;  // from the last parameters to the first
  int64_t loss_begin_ = 0;         // after all parameters
  std::vector<Partial> partials_;  // from left to right, each of more leaves than the next
  std::vector<Partial> free_;
  std::unique_ptr<Sending> sending_;
  std::vector<PendingSum> sums_;
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_GRADIENT_SUM_H_
