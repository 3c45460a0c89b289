// Loss and accuracy of a model on a split.

#ifndef EVAL_EVALUATOR_H_
#define EVAL_EVALUATOR_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/loader.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Counts, not rates: those of parts add up to those of the whole.
struct Evaluation {
  int64_t count = 0;
  int64_t correct_top1 = 0;
  int64_t correct_top5 = 0;
  double loss_sum = 0;  // of cross-entropies

  double top1() const { return static_cast<double>(correct_top1) / count; }
  double top5() const { return static_cast<double>(correct_top5) / count; }
  double loss() const { return loss_sum / count; }
};

// Adds one batch: logits [B, K], labels [B]. A label is among the top five if fewer than five
// classes score higher, of equal scores the class of smaller number being higher.
void Accumulate(const at::Tensor& logits, const at::Tensor& labels, Evaluation* evaluation);

// All batches of the loader, without gradients. Images that the loader left out are not counted.
// Errors are the loader's.
absl::StatusOr<Evaluation> Evaluate(const VisionTransformer& model, Loader* loader);

}  // namespace vitrine

#endif  // EVAL_EVALUATOR_H_
