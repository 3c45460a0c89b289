// What stands for images, of many of them batch by batch.
//
//   ASSIGN_OR_RETURN(const auto loader, Loader::ForEvaluation(source, spec, /*batch_size=*/32));
//   RETURN_IF_ERROR(ForEachEmbedding(model, readout, *source, loader.get(),
//                                    [&](const EmbeddedBatch& batch) { ... }));

#ifndef EVAL_EMBEDDING_H_
#define EVAL_EMBEDDING_H_

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "data/batches/loader.h"
#include "data/source/image_source.h"
#include "vit/readout.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// The images of a batch that could be read.
struct EmbeddedBatch {
  at::Tensor rows;     // float32 [B, ...], on the model's device
  at::Tensor labels;   // int64 [B], on the CPU
  at::Tensor indices;  // int64 [B], on the CPU, of the images in their source
};
using EmbeddingObserver = absl::FunctionRef<absl::Status(const EmbeddedBatch& batch)>;

// FailedPrecondition if a number is not finite.
absl::Status CheckFinite(const at::Tensor& rows);

// Runs the model without gradients over all batches of a loader of the source, in order. Errors are
// the loader's, the observer's, and that of CheckFinite, with the image's name.
absl::Status ForEachEmbedding(const VisionTransformer& model, const Readout& readout,
                              const ImageSource& source, Loader* loader, EmbeddingObserver observe);

}  // namespace vitrine

#endif  // EVAL_EMBEDDING_H_
