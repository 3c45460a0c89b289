// Scores of batches that several processes have computed.

#ifndef EVAL_SCORE_EXCHANGE_H_
#define EVAL_SCORE_EXCHANGE_H_

#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "data/batches/bad_images.h"

namespace vitrine {

// What a model says of the images of one batch.
struct Scores {
  at::Tensor logits;  // float32 [B, K]
  at::Tensor labels;  // int64 [B]
};

// The batches of all processes, by rank, on this process's device. One that has no batch left gives
// none. If a process has an error all get that of the lowest rank.
absl::StatusOr<std::vector<Scores>> ExchangeScores(ProcessGroup* group,
                                                   const absl::StatusOr<std::optional<Scores>>& own,
                                                   at::Device device);

// How many images are bad in all processes, which have no image in common.
absl::StatusOr<BadImages> AddUp(ProcessGroup* group, const BadImages& own);

}  // namespace vitrine

#endif  // EVAL_SCORE_EXCHANGE_H_
