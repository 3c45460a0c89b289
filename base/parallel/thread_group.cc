#include "base/parallel/thread_group.h"

#include <barrier>
#include <thread>
#include <vector>

#include "ATen/core/grad_mode.h"

namespace vitrine {
namespace {

// What threads have put down for each other.
struct Table {
  explicit Table(int size) : barrier(size), tensors(size), texts(size) {}

  std::barrier<> barrier;
  std::vector<at::Tensor> tensors;
  std::vector<std::string> texts;
};

class ThreadGroup final : public ProcessGroup {
 public:
  ThreadGroup(Table* table, int rank) : table_(table), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(table_->tensors.size()); }

  absl::Status SumInTree(const at::Tensor& flat) override {
    const at::NoGradGuard no_grad;
    table_->tensors[rank_] = flat.clone();
    table_->barrier.arrive_and_wait();
    flat.copy_(SumOf(0, size()));
    table_->barrier.arrive_and_wait();
    return absl::OkStatus();
  }

  absl::Status Broadcast(const at::Tensor& tensor, int root) override {
    if (rank_ == root) table_->tensors[root] = tensor;
    table_->barrier.arrive_and_wait();
    if (rank_ != root) tensor.copy_(table_->tensors[root]);
    table_->barrier.arrive_and_wait();
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) override {
    table_->texts[rank_] = bytes;
    table_->barrier.arrive_and_wait();
    std::vector<std::string> all = table_->texts;
    table_->barrier.arrive_and_wait();
    return all;
  }

 private:
  // Of ranks [begin, end): the largest power of two that is less than all, and the rest.
  at::Tensor SumOf(int begin, int end) const {
    if (end - begin == 1) return table_->tensors[begin];
    int left = 1;
    while (2 * left < end - begin) left *= 2;
    return SumOf(begin, begin + left).add(SumOf(begin + left, end));
  }

  Table* const table_;
  const int rank_;
};

}  // namespace

void RunInThreads(int size, const std::function<void(ProcessGroup* group)>& work) {
  Table table(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&table, rank, &work] {
      ThreadGroup group(&table, rank);
      work(&group);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace vitrine
