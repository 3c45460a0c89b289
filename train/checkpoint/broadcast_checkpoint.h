// A checkpoint from one process to the others, which need not have its files.

#ifndef TRAIN_CHECKPOINT_BROADCAST_CHECKPOINT_H_
#define TRAIN_CHECKPOINT_BROADCAST_CHECKPOINT_H_

#include "absl/status/status.h"
#include "base/parallel/process_group.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {

// Gives every process rank 0's checkpoint, in the host's memory. Each has one of the same config
// already, for the tensors' names and shapes. Errors are the group's.
absl::Status BroadcastCheckpoint(ProcessGroup* group, Checkpoint* checkpoint);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_BROADCAST_CHECKPOINT_H_
