// Averages of a run's checkpoints: stochastic weight averaging (Izmailov et al., arXiv 1803.05407)
// after training.
//
//   ASSIGN_OR_RETURN(const auto paths, InRange(checkpoints, 280'000, 330'000));
//   ASSIGN_OR_RETURN(const Checkpoint average, AverageCheckpoints(paths));

#ifndef EVAL_AVERAGE_H_
#define EVAL_AVERAGE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "eval/result.pb.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {

using Paths = std::vector<std::filesystem::path>;

// Of the checkpoints of a run, oldest first, those whose iterations are in [first, end), or the
// last `count`. NotFound if there are none, or not so many; it says which there are.
absl::StatusOr<Paths> InRange(const Paths& checkpoints, int64_t first, int64_t end);
absl::StatusOr<Paths> LastOf(const Paths& checkpoints, int count);

// Their mean weights, added up in float64 in this order, as a checkpoint without an optimizer: it
// can be evaluated and begun from, not resumed. Reads one after the other. Its iteration and config
// are those of the last. FailedPrecondition if one is an average itself, or if they are not of one
// model and one list of classes, with what differs first.
absl::StatusOr<Checkpoint> AverageCheckpoints(std::span<const std::filesystem::path> paths);

// What weights are worth: how many images of some split they get right, and at which loss.
using Judge = std::function<absl::StatusOr<EvaluationResult>(const TensorMap& weights)>;

// The greedy soup (Wortsman et al., arXiv 2203.05482, recipe 1): the checkpoints from best to worst
// by the judge, each averaged in where the average gets no fewer images right with it. Of equals
// the lower loss is better, then the later iteration. Returns those that are in, in that order.
absl::StatusOr<Paths> ChooseSoup(std::span<const std::filesystem::path> paths, const Judge& judge);

}  // namespace vitrine

#endif  // EVAL_AVERAGE_H_
