// Reads batches ahead, on threads of its own.
//
//   Prefetcher prefetcher(&reader, plan, {.threads = 8, .batches_ahead = 4});
//   for (int64_t i = plan.first; i < plan.last; ++i) {
//     ASSIGN_OR_RETURN(const ByteBatch batch, prefetcher.Next());
//     ...
//   }

#ifndef DATA_BATCHES_PREFETCHER_H_
#define DATA_BATCHES_PREFETCHER_H_

#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "data/batches/batch_plan.h"
#include "data/batches/sample_reader.h"

namespace vitrine {

struct ByteBatch {
  at::Tensor images;  // uint8 [B, C, H, W]
  at::Tensor labels;  // int64 [B]
};

// Threads share out the images of a batch, not whole batches, so that the first one comes early. As
// each image is a function of its place in the plan, neither the number of threads nor their order
// can be seen in what comes out.
class Prefetcher {
 public:
  struct Options {
    int threads = 1;
    int batches_ahead = 2;  // held in memory beside the one that is being used
    bool pinned = false;    // page-locked memory, from which CUDA copies while the program goes on
  };

  // The reader must outlive it.
  Prefetcher(SampleReader* reader, BatchPlan plan, Options options);

  // Stops the threads, each after the image that it is at.
  ~Prefetcher();

  // Whether all batches of the plan have been handed out.
  bool AtEnd() const { return next_ == plan_.last; }

  // The next batch, as soon as it is there. Unless it is pinned it is overwritten after the call
  // that follows. An error is that of the batch's first image that can't be read, and goes with
  // that batch: the call that follows returns the next one.
  absl::StatusOr<ByteBatch> Next();

 private:
  // A batch on its way.
  struct Slot {
    std::vector<int64_t> indices;
    int64_t epoch = 0;
    ByteBatch batch;
    int64_t begun = 0, done = 0;  // images
    int64_t error_at = 0;
    absl::Status error;
  };

  // Images [begin, end) of a slot's batch.
  struct Piece {
    Slot* slot;
    int64_t begin, end;
  };

  Slot& SlotOf(int64_t batch) { return slots_[batch % slots_.size()]; }
  void Prepare(int64_t batch);
  void Work();
  bool HasPiece() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Piece TakePiece() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(const Piece& piece, SampleReader::Scratch* scratch);

  SampleReader* const reader_;
  const BatchPlan plan_;
  const Options options_;
  int64_t next_;  // the number of the batch that Next returns

  absl::Mutex mutex_;
  std::vector<Slot> slots_;  // their counts are guarded by the mutex, the rest by the counts
  int64_t working_ ABSL_GUARDED_BY(mutex_);   // the batch from which the next piece is taken
  int64_t prepared_ ABSL_GUARDED_BY(mutex_);  // batches below this have a slot
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace vitrine

#endif  // DATA_BATCHES_PREFETCHER_H_
