// Writes checkpoints while training goes on.
//
//   CheckpointWriter writer(folder, config.checkpoint());
//   RETURN_IF_ERROR(writer.Write(checkpoint));      // again and again
//   RETURN_IF_ERROR(writer.Finish());

#ifndef TRAIN_CHECKPOINT_CHECKPOINT_WRITER_H_
#define TRAIN_CHECKPOINT_CHECKPOINT_WRITER_H_

#include <filesystem>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "train/checkpoint/checkpoint.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// Training stands still for a copy of the tensors in memory, not for the disk. The memory is that
// of one checkpoint, taken at the first and used again for all others.
class CheckpointWriter {
 public:
  // Writes into the folder, and removes there what the config does not keep.
  CheckpointWriter(std::filesystem::path folder, const CheckpointConfig& config);

  // Waits for the write that is under way.
  ~CheckpointWriter();

  // Copies the checkpoint and starts to write it. Waits for the one before, whose error it returns.
  // `then` is called once it is on the disk, before older ones are removed, by another thread.
  absl::Status Write(const Checkpoint& checkpoint, std::function<absl::Status()> then = nullptr);

  // Waits until all is on the disk.
  absl::Status Finish();

 private:
  const std::filesystem::path folder_;
  const CheckpointConfig config_;
  Checkpoint copy_;
  std::thread thread_;
  absl::Status status_;  // the thread's, until it is joined
};

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_CHECKPOINT_WRITER_H_
