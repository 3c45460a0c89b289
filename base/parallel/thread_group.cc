#include "base/parallel/thread_group.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/parallel/exchange_group.h"
#include "base/parallel/transport.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// Letters that were sent and not yet received, in order for each sender and receiver.
class Post {
 public:
  void Send(int from, int to, at::Tensor letter) {
    const std::lock_guard lock(mutex_);
    letters_[{from, to}].push_back(std::move(letter));
    has_letters_.notify_all();
  }

  // None once the post is closed and the letters of before are read.
  std::optional<at::Tensor> Receive(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& letters = letters_[{from, to}];
    has_letters_.wait(lock, [&] { return !letters.empty() || is_closed_; });
    if (letters.empty()) return std::nullopt;
    at::Tensor letter = std::move(letters.front());
    letters.pop_front();
    return letter;
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    has_letters_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable has_letters_;
  std::map<std::pair<int, int>, std::deque<at::Tensor>> letters_;
  bool is_closed_ = false;
};

class ThreadTransport : public Transport {
 public:
  ThreadTransport(int rank, int size, int64_t exchanges, Post* post)
      : rank_(rank), size_(size), exchanges_left_(exchanges), post_(*post) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  absl::Status Exchange(const std::vector<Message>& sent,
                        const std::vector<Message>& received) override {
    if (exchanges_left_-- == 0) {
      post_.Close();
      return absl::AbortedError("this rank was to fail");
    }
    for (const auto& [peer, tensor] : sent) post_.Send(rank_, peer, tensor.clone());
    for (const auto& [peer, tensor] : received) {
      const std::optional<at::Tensor> letter = post_.Receive(peer, rank_);
      if (!letter) return absl::AbortedError(absl::StrCat("rank ", peer, " has ended"));
      CHECK_EQ(letter->nbytes(), tensor.nbytes()) << "from rank " << peer << " to " << rank_;
      tensor.copy_(*letter);
    }
    return absl::OkStatus();
  }

 private:
  const int rank_, size_;
  int64_t exchanges_left_;
  Post& post_;
};

}  // namespace

void RunOnThreads(int size, const std::function<void(ProcessGroup& group)>& body,
                  int64_t exchanges) {
  Post post;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    const int64_t own = rank + 1 == size ? exchanges : std::numeric_limits<int64_t>::max();
    threads.emplace_back([=, &post, &body] {
      ExchangeGroup group(std::make_unique<ThreadTransport>(rank, size, own, &post));
      body(group);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace vitrine
