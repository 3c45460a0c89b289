#include "eval/evaluator.h"

#include <optional>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Reduction.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/score_exchange.h"
#include "glog/logging.h"

namespace vitrine {

at::Tensor Ranks(const at::Tensor& scores, const at::Tensor& labels) {
  const at::Tensor column = labels.unsqueeze(1);    // [B, 1]
  const at::Tensor own = scores.gather(1, column);  // [B, 1]
  const at::Tensor classes = at::arange(scores.size(1), labels.options()).unsqueeze(0);
  const at::Tensor before = (scores > own) | ((scores == own) & (classes < column));
  return before.sum(1);
}

void Accumulate(const at::Tensor& logits, const at::Tensor& labels, Evaluation* evaluation) {
  const at::NoGradGuard no_grad;
  const at::Tensor scores = logits.to(at::kDouble);
  // A score that is not a number is never right: it would rank before none.
  const at::Tensor finite = scores.isfinite().all(1);
  const at::Tensor ranks = Ranks(scores, labels);
  evaluation->count += labels.size(0);
  evaluation->finite += finite.sum().item<int64_t>();
  evaluation->correct_top1 += ((ranks < 1) & finite).sum().item<int64_t>();
  evaluation->correct_top5 += ((ranks < 5) & finite).sum().item<int64_t>();
  evaluation->loss_sum +=
      at::cross_entropy_loss(scores, labels, {}, at::Reduction::Sum).item<double>();
}

namespace {

// Nothing at the end.
absl::StatusOr<std::optional<Scores>> ScoreNext(const InferenceModel& model, Loader* loader,
                                                bool flips) {
  if (loader->AtEnd()) return std::nullopt;
  ASSIGN_OR_RETURN(const Batch batch, loader->Next());
  at::Tensor logits = model.Forward(batch.images);
  if (flips) logits = (logits + model.Forward(batch.images.flip({3}))) / 2;
  return Scores{.logits = logits, .labels = batch.labels};
}

// Those of a batch that could be read; its first image is the split's number `first`.
ScoredBatch ReadOf(const Scores& scores, int64_t first) {
  const at::Tensor read = (scores.labels >= 0).nonzero().squeeze(1);
  return {.logits = scores.logits.index_select(0, read),
          .labels = scores.labels.index_select(0, read),
          .indices = read + first};
}

}  // namespace

absl::Status ForEachBatch(const InferenceModel& model, Loader* loader, bool flips,
                          ProcessGroup* group, BatchObserver observe) {
  const at::NoGradGuard no_grad;
  int64_t first = 0;
  bool is_last = false;
  while (!is_last) {
    ASSIGN_OR_RETURN(const std::vector<Scores> all,
                     ExchangeScores(group, ScoreNext(model, loader, flips), loader->device()));
    for (const Scores& scores : all) {
      observe(ReadOf(scores, first));
      first += scores.labels.size(0);
    }
    is_last = static_cast<int>(all.size()) < group->size();
  }
  return absl::OkStatus();
}

absl::Status TellLeftOut(const BadImages& bad, int64_t count) {
  if (bad.count == 0) return absl::OkStatus();
  if (count == 0) {
    return absl::DataLossError(absl::StrCat("no image could be read; ", bad.example));
  }
  LOG(WARNING) << bad.count << " images could not be read and are not counted; for example "
               << bad.example;
  return absl::OkStatus();
}

absl::StatusOr<Evaluation> Evaluate(const InferenceModel& model, Loader* loader,
                                    ProcessGroup* group) {
  Evaluation evaluation;
  RETURN_IF_ERROR(ForEachBatch(
      model, loader, /*flips=*/false, group,
      [&](const ScoredBatch& batch) { Accumulate(batch.logits, batch.labels, &evaluation); }));
  ASSIGN_OR_RETURN(const BadImages bad, AddUp(group, loader->bad_images()));
  RETURN_IF_ERROR(TellLeftOut(bad, evaluation.count));
  return evaluation;
}

}  // namespace vitrine
