#include "data/batches/sampler.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

int64_t IterationsPerEpoch(int64_t dataset_size, const DataConfig& config) {
  const int64_t full = dataset_size / config.batch_size();
  const bool has_rest = dataset_size % config.batch_size() != 0;
  return config.last_batch() == DataConfig::KEEP && has_rest ? full + 1 : full;
}

std::vector<int64_t> Shuffled(uint64_t seed, int64_t size, int64_t epoch) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream(seed, "order", epoch);
  for (int64_t i = size - 1; i > 0; --i) std::swap(order[i], order[stream.Below(i + 1)]);
  return order;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Sampler>> Sampler::Create(uint64_t seed, int64_t dataset_size,
                                                         const DataConfig& config) {
  if (config.batch_size() < 1 || dataset_size < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.batch_size: must be positive, and so must the number of images; are ",
                     config.batch_size(), " and ", dataset_size));
  }
  if (IterationsPerEpoch(dataset_size, config) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.batch_size: ", config.batch_size(), " is more than the ", dataset_size,
                     " training images; make it smaller or set data.last_batch=KEEP"));
  }
  return absl::WrapUnique(new Sampler(seed, dataset_size, config));
}

Sampler::Sampler(uint64_t seed, int64_t dataset_size, const DataConfig& config)
    : seed_(seed),
      dataset_size_(dataset_size),
      batch_size_(config.batch_size()),
      iterations_per_epoch_(IterationsPerEpoch(dataset_size, config)) {}

std::vector<int64_t> Sampler::Indices(int64_t iteration) const {
  CHECK_GE(iteration, 0);
  const Order order = OrderOf(EpochOf(iteration));
  const int64_t begin = iteration % iterations_per_epoch_ * batch_size_;
  const int64_t end = std::min(begin + batch_size_, dataset_size_);
  return {order->begin() + begin, order->begin() + end};
}

Sampler::Order Sampler::OrderOf(int64_t epoch) const {
  absl::MutexLock lock(&mutex_);
  CachedOrder& cached = cache_[epoch % cache_.size()];
  if (cached.epoch != epoch) {
    cached = {epoch,
              std::make_shared<const std::vector<int64_t>>(Shuffled(seed_, dataset_size_, epoch))};
  }
  return cached.order;
}

BatchPlan Sampler::Plan(int64_t first_iteration) const {
  return {.first = first_iteration,
          .last = std::numeric_limits<int64_t>::max(),
          .indices = [this](int64_t batch) { return Indices(batch); },
          .epoch = [this](int64_t batch) { return EpochOf(batch); }};
}

}  // namespace vitrine
