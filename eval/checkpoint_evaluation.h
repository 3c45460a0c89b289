// Evaluates what a checkpoint holds on the data that it was trained on.

#ifndef EVAL_CHECKPOINT_EVALUATION_H_
#define EVAL_CHECKPOINT_EVALUATION_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/split.h"
#include "eval/evaluator.h"
#include "nlohmann/json.hpp"

namespace vitrine {

struct CheckpointEvaluation {
  std::filesystem::path checkpoint;
  int64_t iteration = 0;
  Split split = Split::kTest;
  Evaluation evaluation;
};

// Which weights of a checkpoint.
enum class Weights { kModel, kEma };

// The weights of this name, "model" or "ema"; an error that lists the names if there are none.
absl::StatusOr<Weights> ParseWeights(std::string_view name);

// `path` is a checkpoint or a run, of which the newest checkpoint is taken. The data set, its
// splits and its normalisation are those of the checkpoint's config.
absl::StatusOr<CheckpointEvaluation> EvaluateCheckpoint(const std::filesystem::path& path,
                                                        Weights weights, Split split,
                                                        const std::filesystem::path& data_dir,
                                                        at::Device device);

// One object with the fields of the Contract: split, count, correct_top1, correct_top5, top1, top5,
// loss, checkpoint, iteration.
nlohmann::ordered_json ToJson(const CheckpointEvaluation& result);

}  // namespace vitrine

#endif  // EVAL_CHECKPOINT_EVALUATION_H_
