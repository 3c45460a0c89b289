// A bounded cache of what is costly to make, for many threads.
//
//   LruCache<RowGroup> cache(int64_t{256} << 20);
//   ASSIGN_OR_RETURN(const std::shared_ptr<const RowGroup> group,
//                    cache.Get(number, [&] { return Decode(number); }));

#ifndef DATA_SOURCE_LRU_CACHE_H_
#define DATA_SOURCE_LRU_CACHE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace vitrine {

// Keeps the values asked for last whose sizes together are within the capacity, and at least one. A
// value that was dropped stays as long as somebody holds it. Value has `int64_t bytes() const`.
template <typename Value>
class LruCache {
 public:
  using Result = absl::StatusOr<std::shared_ptr<const Value>>;

  explicit LruCache(int64_t capacity_bytes) : capacity_(capacity_bytes) {}

  // The value of the key, which `make`, a Result(), makes where it isn't kept. Of threads that ask
  // for the same at once, one makes it and the others wait for what comes of it. Other keys need
  // not wait. Errors are kept like values, and take no room: what is damaged stays so, and need not
  // be read again for each of its images.
  template <typename Make>
  Result Get(int64_t key, Make make) {
    std::shared_ptr<Pending> pending;
    bool is_mine = false;
    {
      absl::MutexLock lock(&mutex_);
      if (const auto kept = kept_.find(key); kept != kept_.end()) {
        order_.splice(order_.begin(), order_, kept->second);
        return kept->second->result;
      }
      std::shared_ptr<Pending>& entry = pending_[key];
      is_mine = entry == nullptr;
      if (is_mine) entry = std::make_shared<Pending>();
      pending = entry;
    }
    if (!is_mine) {
      pending->made.WaitForNotification();
      return pending->result;
    }
    pending->result = make();
    Settle(key, pending->result);
    pending->made.Notify();
    return pending->result;
  }

  // What is kept now.
  int64_t bytes() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }

 private:
  struct Pending {
    absl::Notification made;
    Result result = absl::UnknownError("not made yet");
  };

  struct Kept {
    int64_t key;
    Result result;
    int64_t bytes;
  };

  void Settle(int64_t key, const Result& result) {
    absl::MutexLock lock(&mutex_);
    pending_.erase(key);
    order_.push_front({key, result, result.ok() ? (*result)->bytes() : 0});
    kept_[key] = order_.begin();
    bytes_ += order_.front().bytes;
    while (bytes_ > capacity_ && order_.size() > 1) {
      bytes_ -= order_.back().bytes;
      kept_.erase(order_.back().key);
      order_.pop_back();
    }
  }

  const int64_t capacity_;
  mutable absl::Mutex mutex_;
  std::list<Kept> order_ ABSL_GUARDED_BY(mutex_);  // what was asked for last comes first
  std::unordered_map<int64_t, typename std::list<Kept>::iterator> kept_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<int64_t, std::shared_ptr<Pending>> pending_ ABSL_GUARDED_BY(mutex_);
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_LRU_CACHE_H_
