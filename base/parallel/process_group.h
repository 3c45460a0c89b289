// Processes that compute together, on one machine or several: what they exchange.
//
//   ASSIGN_OR_RETURN(const auto group, Connect(environment, timeout));
//   RETURN_IF_ERROR(group->SumInTree(gradient));   // the same bytes on every rank
//
// Every rank calls the same operations in the same order. An error ends the group: what is called
// later returns it too. It is one line that names the ranks, and it comes on every rank, at the
// latest after the group's timeout.

#ifndef BASE_PARALLEL_PROCESS_GROUP_H_
#define BASE_PARALLEL_PROCESS_GROUP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/parallel/transport.h"

namespace vitrine {

// A sum on its way.
class PendingSum {
 public:
  explicit PendingSum(std::function<absl::Status()> wait) : wait_(std::move(wait)) {}

  // Returns once the sum is there. Call it once, on the thread that started it.
  absl::Status Wait() { return wait_(); }

 private:
  std::function<absl::Status()> wait_;
};

class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;  // 0 ... size() - 1
  virtual int size() const = 0;

  // Replaces `flat` [N], float32 and contiguous, by its sum over the ranks: the additions are those
  // of one binary tree (tree_sum.h), so that the bits depend on nothing else, and are the same on
  // every rank. N is the same on every rank.
  virtual absl::Status SumInTree(const at::Tensor& flat) = 0;

  // The same while the caller goes on. `flat` must not be touched before Wait has returned. Sums,
  // and whatever else is called meanwhile, are carried out in the order in which they are started.
  virtual PendingSum StartSum(const at::Tensor& flat) = 0;

  // From now on sums of the device's tensors are exchanged by this transport, on the stream that is
  // current where they are started, and added there, to the same bits. Without it those of a GPU
  // are copied to the CPU and back.
  virtual void UseFor(at::Device device, std::unique_ptr<Transport> transport) = 0;

  // Replaces `tensor`, contiguous, of the same type and shape on every rank, by that of `root`.
  virtual absl::Status Broadcast(const at::Tensor& tensor, int root) = 0;

  // What each rank gives, in the order of ranks; of any lengths.
  virtual absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) = 0;

  // What each rank gives, in the order of ranks: a few numbers, as many on every rank. Quick enough
  // for every iteration.
  virtual absl::StatusOr<std::vector<std::vector<int64_t>>> Gather(
      absl::Span<const int64_t> values) = 0;

  // Returns once every rank has called it. Before a program ends in order, so that no rank takes
  // the end of another for a failure.
  virtual absl::Status Barrier() = 0;
};

}  // namespace vitrine

#endif  // BASE_PARALLEL_PROCESS_GROUP_H_
