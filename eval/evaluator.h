// Loss and accuracy of a model on a split.

#ifndef EVAL_EVALUATOR_H_
#define EVAL_EVALUATOR_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "data/batches/loader.h"
#include "vit/inference_model.h"

namespace vitrine {

// Counts, not rates: those of parts add up to those of the whole.
struct Evaluation {
  int64_t count = 0;
  int64_t correct_top1 = 0;
  int64_t correct_top5 = 0;
  double loss_sum = 0;  // of cross-entropies
  int64_t finite = 0;   // images of which every score is finite

  double top1() const { return static_cast<double>(correct_top1) / count; }
  double top5() const { return static_cast<double>(correct_top5) / count; }
  double loss() const { return loss_sum / count; }
};

// How many classes come before the label's by score, of scores [B, K] and labels [B]: int64 [B]. Of
// equal scores the class of smaller number is higher.
at::Tensor Ranks(const at::Tensor& scores, const at::Tensor& labels);

// Adds one batch: logits [B, K], labels [B]. A label is among the top five if its rank is below
// five.
void Accumulate(const at::Tensor& logits, const at::Tensor& labels, Evaluation* evaluation);

// The images of a batch that could be read, and what the model says of them.
struct ScoredBatch {
  at::Tensor logits;   // [B, K]
  at::Tensor labels;   // int64 [B]
  at::Tensor indices;  // int64 [B], of the images in their split
};
using BatchObserver = absl::FunctionRef<void(const ScoredBatch& batch)>;

// Runs the model over all batches of the loader. With `flips` the scores are the means of those of
// an image and of its mirror image. With a group each process has its share of the batches
// (LoaderSpec), and all observe all of them, in the order in which one process would. Errors are
// the loader's and the group's.
absl::Status ForEachBatch(const InferenceModel& model, Loader* loader, bool flips,
                          ProcessGroup* group, BatchObserver observe);

// Warns of the images that were left out of an evaluation; DataLoss if none of them was counted.
absl::Status TellLeftOut(const BadImages& bad, int64_t count);

// All batches of the loader, and those of the group's other processes. Images that a loader left
// out are not counted. Errors are those of ForEachBatch.
absl::StatusOr<Evaluation> Evaluate(const InferenceModel& model, Loader* loader,
                                    ProcessGroup* group);

}  // namespace vitrine

#endif  // EVAL_EVALUATOR_H_
