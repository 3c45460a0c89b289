// Which images each training iteration sees.
//
//   ASSIGN_OR_RETURN(const auto sampler, Sampler::Create(seed, dataset.train.size(), config));
//   const std::vector<int64_t> indices = sampler->Indices(iteration);

#ifndef DATA_BATCHES_SAMPLER_H_
#define DATA_BATCHES_SAMPLER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "data/batches/batch_plan.h"
#include "data/dataset.pb.h"

namespace vitrine {

// Every epoch shuffles the data set anew (Fisher and Yates), by a stream of random numbers keyed by
// the seed and the epoch. What an iteration sees depends on nothing but its number, so that a run
// resumes from that alone, and any number of threads may ask in any order.
class Sampler {
 public:
  // Takes batch_size and last_batch of the config. Fails if a batch never fills.
  static absl::StatusOr<std::unique_ptr<Sampler>> Create(uint64_t seed, int64_t dataset_size,
                                                         const DataConfig& config);

  int64_t iterations_per_epoch() const { return iterations_per_epoch_; }
  int64_t EpochOf(int64_t iteration) const { return iteration / iterations_per_epoch_; }

  // The indices of the batch of this iteration, which counts from 0 over the whole run. Only the
  // last batch of an epoch may be smaller than the batch size, and only with KEEP. Thread-safe.
  std::vector<int64_t> Indices(int64_t iteration) const;

  // The batches from an iteration on, without end; this outlives the plan.
  BatchPlan Plan(int64_t first_iteration) const;

 private:
  using Order = std::shared_ptr<const std::vector<int64_t>>;

  struct CachedOrder {
    int64_t epoch = -1;
    Order order;
  };

  Sampler(uint64_t seed, int64_t dataset_size, const DataConfig& config);

  Order OrderOf(int64_t epoch) const;

  const uint64_t seed_;
  const int64_t dataset_size_;
  const int64_t batch_size_;
  const int64_t iterations_per_epoch_;

  // Two neighbouring epochs, for threads that are on either side of the border.
  mutable absl::Mutex mutex_;
  mutable std::array<CachedOrder, 2> cache_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vitrine

#endif  // DATA_BATCHES_SAMPLER_H_
