#include "data/batches/prefetcher.h"

#include <algorithm>
#include <utility>

#include "ATen/ops/empty.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// Images that a thread takes at once: small ones cost less than taking them.
constexpr int64_t kPiece = 4;

}  // namespace

Prefetcher::Prefetcher(SampleReader* reader, BatchPlan plan, Options options)
    : reader_(reader),
      plan_(std::move(plan)),
      options_(options),
      next_(plan_.first),
      slots_(options.batches_ahead + 1),
      working_(plan_.first),
      prepared_(plan_.first) {
  CHECK_GE(options_.threads, 1);
  CHECK_GE(options_.batches_ahead, 1);
  CHECK_LE(plan_.first, plan_.last);
  for (int i = 0; i < options_.batches_ahead; ++i) Prepare(plan_.first + i);
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

Prefetcher::~Prefetcher() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

// Only the caller's thread prepares, so that running out of memory is told to the caller.
void Prefetcher::Prepare(int64_t batch) {
  if (batch >= plan_.last) return;
  Slot& slot = SlotOf(batch);
  slot.indices = plan_.indices(batch);
  slot.epoch = plan_.epoch(batch);
  const ImageShape shape = reader_->shape();
  const auto count = static_cast<int64_t>(slot.indices.size());
  CHECK_GT(count, 0) << "batch " << batch;
  // A copy from pinned memory may still be under way; libtorch keeps what is given back until then.
  if (options_.pinned || !slot.batch.images.defined() || slot.batch.images.size(0) != count) {
    slot.batch.images = at::empty({count, shape.channels, shape.size.height, shape.size.width},
                                  at::TensorOptions(at::kByte).pinned_memory(options_.pinned));
  }
  slot.batch.labels =
      at::empty({count}, at::TensorOptions(at::kLong).pinned_memory(options_.pinned));
  slot.error = absl::OkStatus();
  const absl::MutexLock lock(&mutex_);
  slot.begun = slot.done = 0;
  prepared_ = batch + 1;
}

absl::StatusOr<ByteBatch> Prefetcher::Next() {
  CHECK(!AtEnd());
  // What was handed out last may be overwritten from here on.
  Prepare(next_ + options_.batches_ahead);
  Slot& slot = SlotOf(next_++);
  const auto whole = [&slot] { return slot.done == static_cast<int64_t>(slot.indices.size()); };
  const absl::MutexLock lock(&mutex_, absl::Condition(&whole));
  if (!slot.error.ok()) return slot.error;
  return slot.batch;
}

void Prefetcher::Work() {
  SampleReader::Scratch scratch;
  while (true) {
    std::optional<Piece> piece;
    {
      const auto awake = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || HasPiece();
      };
      const absl::MutexLock lock(&mutex_, absl::Condition(&awake));
      if (stopping_) return;
      piece = TakePiece();
    }
    Read(*piece, &scratch);
  }
}

bool Prefetcher::HasPiece() const { return working_ < prepared_; }

Prefetcher::Piece Prefetcher::TakePiece() {
  Slot& slot = SlotOf(working_);
  const auto count = static_cast<int64_t>(slot.indices.size());
  const int64_t begin = slot.begun;
  slot.begun = std::min(begin + kPiece, count);
  if (slot.begun == count) ++working_;
  return {&slot, begin, slot.begun};
}

void Prefetcher::Read(const Piece& piece, SampleReader::Scratch* scratch) {
  Slot& slot = *piece.slot;
  uint8_t* images = slot.batch.images.mutable_data_ptr<uint8_t>();
  int64_t* labels = slot.batch.labels.mutable_data_ptr<int64_t>();
  absl::Status error;
  int64_t error_at = 0;
  for (int64_t i = piece.begin; i < piece.end; ++i) {
    const absl::StatusOr<int64_t> label =
        reader_->Read(slot.epoch, slot.indices[i], scratch, images + i * reader_->shape().numel());
    labels[i] = label.value_or(-1);
    if (error.ok() && !label.ok()) {
      error = label.status();
      error_at = i;
    }
  }
  const absl::MutexLock lock(&mutex_);
  if (!error.ok() && (slot.error.ok() || error_at < slot.error_at)) {
    slot.error = error;
    slot.error_at = error_at;
  }
  slot.done += piece.end - piece.begin;
}

}  // namespace vitrine
