// How a model does on a split, all of it in one pass: the figures, what each class is taken for,
// calibration, and the images to look at.
//
//   ASSIGN_OR_RETURN(const SplitEvaluation test,
//                    EvaluateSplit(model, dataset, Split::kTest, spec, /*flips=*/false));

#ifndef EVAL_SPLIT_EVALUATION_H_
#define EVAL_SPLIT_EVALUATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "data/batches/bad_images.h"
#include "data/batches/loader.h"
#include "data/dataset.h"
#include "data/split.h"
#include "eval/evaluator.h"
#include "eval/result.pb.h"
#include "vit/inference_model.h"

namespace vitrine {

// Larger batches than in training: there are no gradients to keep.
inline constexpr int64_t kEvaluationBatch = 128;

struct SplitEvaluation {
  Evaluation figures;
  EvaluationResult result;  // of these; which weights they are of is the caller's to say
  BadImages damaged;        // of the counted images: read all the same
};

// `flips` and `group` as for ForEachBatch. With on_bad_image SKIP images that can't be read are
// left out, counted and warned of. Errors are the loader's, and DataLoss if no image can be read.
absl::StatusOr<SplitEvaluation> EvaluateSplit(const InferenceModel& model, const Dataset& dataset,
                                              Split split, const LoaderSpec& spec, bool flips,
                                              ProcessGroup* group);

// Says in the result which images it is of.
void SetImages(const Dataset& dataset, Split split, bool flips, EvaluationResult* result);

}  // namespace vitrine

#endif  // EVAL_SPLIT_EVALUATION_H_
