// Images beside those that are nearest to them, for the page.

#ifndef ANALYSIS_PAGE_NEIGHBOUR_DATA_H_
#define ANALYSIS_PAGE_NEIGHBOUR_DATA_H_

#include "absl/status/statusor.h"
#include "base/files/json.h"
#include "data/dataset.h"
#include "data/split.h"
#include "eval/knn.h"

namespace vitrine {

// An object whose `groups` are of images of the split: title, and items of name, is (the class),
// prediction, share (of the votes), picture as a data: URL, and near, a list of the training images
// that are nearest: name, is, cosine, picture. Errors name the image.
absl::StatusOr<Json> DescribeNeighbours(const KnnResult& result, const Dataset& dataset,
                                        Split split);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_NEIGHBOUR_DATA_H_
