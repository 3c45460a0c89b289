// A process group on a Transport: every operation is a few exchanges between all pairs of ranks.
//
// One thread of its own carries operations out, in the order in which they are started, so that
// sums go on while the caller computes. It adds with one thread of OpenMP: the others compute.
// Without a transport of its own a GPU's tensor is copied to the CPU and back by the caller's
// thread.

#ifndef BASE_PARALLEL_EXCHANGE_GROUP_H_
#define BASE_PARALLEL_EXCHANGE_GROUP_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/parallel/process_group.h"
#include "base/parallel/transport.h"

namespace vitrine {

class ExchangeGroup : public ProcessGroup {
 public:
  explicit ExchangeGroup(std::unique_ptr<Transport> transport);
  ~ExchangeGroup() override;

  int rank() const override { return transport_->rank(); }
  int size() const override { return transport_->size(); }
  absl::Status SumInTree(const at::Tensor& flat) override;
  PendingSum StartSum(const at::Tensor& flat) override;
  void UseFor(at::Device device, std::unique_ptr<Transport> transport) override;
  absl::Status Broadcast(const at::Tensor& tensor, int root) override;
  absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) override;
  absl::StatusOr<std::vector<std::vector<int64_t>>> Gather(
      absl::Span<const int64_t> values) override;
  absl::Status Barrier() override;

 private:
  using Operation = std::packaged_task<absl::Status()>;

  // Called by the caller's thread.
  PendingSum StartOnCpu(const at::Tensor& data);
  PendingSum StartOnDevice(const at::Tensor& data);
  std::future<absl::Status> Start(std::function<absl::Status()> operation);

  // Called by the thread of operations.
  void CarryOut();
  std::optional<Operation> TakeNext();  // none at the end
  absl::Status Sum(const at::Tensor& flat, Transport& transport);
  absl::Status DealOut(const at::Tensor& flat, int root);
  absl::Status CollectParts(const at::Tensor& flat, Transport& transport);
  absl::Status Exchange(const std::function<at::Tensor(int peer)>& sent,
                        const std::function<at::Tensor(int peer)>& received, Transport& transport);
  at::Tensor Part(const at::Tensor& flat, int rank) const;

  const std::unique_ptr<Transport> transport_;
  std::optional<at::Device> device_;
  std::unique_ptr<Transport> on_device_;  // for sums there, in place of transport_
  absl::Status status_;                   // of the thread of operations: the first error

  absl::Mutex mutex_;
  std::deque<Operation> operations_ ABSL_GUARDED_BY(mutex_);
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace vitrine

#endif  // BASE_PARALLEL_EXCHANGE_GROUP_H_
