#include "eval/evaluator.h"

#include <algorithm>

#include "ATen/TensorOperators.h"
#include "ATen/core/Reduction.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// How many classes come before the label's when sorted by score, for each image.
at::Tensor Ranks(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor column = labels.unsqueeze(1);      // [B, 1]
  const at::Tensor score = logits.gather(1, column);  // [B, 1]
  const at::Tensor classes = at::arange(logits.size(1), labels.options()).unsqueeze(0);
  const at::Tensor before = (logits > score) | ((logits == score) & (classes < column));
  return before.sum(1);
}

}  // namespace

void Accumulate(const at::Tensor& logits, const at::Tensor& labels, Evaluation* evaluation) {
  const at::NoGradGuard no_grad;
  const at::Tensor scores = logits.to(at::kDouble);
  // A score that is not a number is never right: it would rank before none.
  const at::Tensor finite = scores.isfinite().all(1);
  const at::Tensor ranks = Ranks(scores, labels);
  evaluation->count += labels.size(0);
  evaluation->correct_top1 += ((ranks < 1) & finite).sum().item<int64_t>();
  evaluation->correct_top5 += ((ranks < 5) & finite).sum().item<int64_t>();
  evaluation->loss_sum +=
      at::cross_entropy_loss(scores, labels, {}, at::Reduction::Sum).item<double>();
}

Evaluation Evaluate(const VisionTransformer& model, const ImageSet& images,
                    const Normalization& normalization, int64_t batch_size) {
  const at::NoGradGuard no_grad;
  Evaluation evaluation;
  const int64_t total = images.labels.size(0);
  for (int64_t begin = 0; begin < total; begin += batch_size) {
    const int64_t end = std::min(begin + batch_size, total);
    const Batch batch = MakeBatch(images, begin, end, normalization);
    Accumulate(model.Forward(batch.images.to(model.device()), {}), batch.labels.to(model.device()),
               &evaluation);
  }
  CHECK_EQ(evaluation.count, total) << "every image is counted once";
  return evaluation;
}

}  // namespace vitrine
