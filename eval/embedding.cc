#include "eval/embedding.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/isfinite.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

// With the name of the first image that it is about.
absl::Status CheckBatch(const EmbeddedBatch& batch, const ImageSource& source) {
  if (CheckFinite(batch.rows).ok()) return absl::OkStatus();  // one look at the whole batch
  for (int64_t i = 0; i < batch.rows.size(0); ++i) {
    const int64_t index = batch.indices[i].item<int64_t>();
    RETURN_IF_ERROR(Annotate(CheckFinite(batch.rows[i]), source.Name(index)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFinite(const at::Tensor& rows) {
  if (at::isfinite(rows).all().item<bool>()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the model makes numbers of it that are not finite: its weights are too large to compute "
      "with; take an earlier checkpoint");
}

absl::Status ForEachEmbedding(const InferenceModel& model, const Readout& readout,
                              const ImageSource& source, Loader* loader,
                              EmbeddingObserver observe) {
  int64_t first = 0;
  while (!loader->AtEnd()) {
    ASSIGN_OR_RETURN(const Batch batch, loader->Next());
    const at::Tensor rows = model.Embed(batch.images, readout);
    const at::Tensor read = (batch.labels >= 0).nonzero().squeeze(1);
    const EmbeddedBatch embedded = {.rows = rows.index_select(0, read),
                                    .labels = batch.labels.index_select(0, read).cpu(),
                                    .indices = (read + first).cpu()};
    first += batch.labels.size(0);
    RETURN_IF_ERROR(CheckBatch(embedded, source));
    RETURN_IF_ERROR(observe(embedded));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
