// How a model wants its pictures cut out, as far as the formats of others can say it.

#ifndef EVAL_FORMATS_EVALUATION_CROP_H_
#define EVAL_FORMATS_EVALUATION_CROP_H_

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/transform/transform.pb.h"

namespace vitrine {

// What the transforms for evaluation are, if they are that alone; where there are none, the crop
// that Classifier takes. InvalidArgument that names a transform that is another one.
absl::StatusOr<ResizeAndCenterCrop> EvaluationCrop(const DataConfig& config);

}  // namespace vitrine

#endif  // EVAL_FORMATS_EVALUATION_CROP_H_
