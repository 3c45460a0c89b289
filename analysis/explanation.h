// A picture, what a model takes it for, and what it looked at.
//
//   ASSIGN_OR_RETURN(const Classifier classifier, Classifier::Load("runs/imagenette"));
//   ASSIGN_OR_RETURN(const Explanation explanation, Explain(classifier, file_bytes, options));

#ifndef ANALYSIS_EXPLANATION_H_
#define ANALYSIS_EXPLANATION_H_

#include <string>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "analysis/relevance.h"
#include "data/image/image.h"
#include "data/source/image_source.h"
#include "eval/classifier.h"

namespace vitrine {

struct Explanation {
  Image picture;    // as in the file
  Image overlay;    // the same size, under the map's colours
  at::Tensor map;   // float32 [rows, columns], of sum 1
  ClassScore best;  // the most probable class
};

// Of the bytes of a JPEG or PNG file. Errors are those of Classifier::Prepare and Best.
absl::StatusOr<Explanation> Explain(const Classifier& classifier, std::string_view file,
                                    const RelevanceOptions& options);

// An image of a data set as the bytes of an image file; what is only pixels becomes a PNG.
std::string ImageFile(const StoredImage& stored);

}  // namespace vitrine

#endif  // ANALYSIS_EXPLANATION_H_
