// What a trained model does on its data, in numbers and in pictures, for the page.

#ifndef ANALYSIS_PAGE_PICTURE_DATA_H_
#define ANALYSIS_PAGE_PICTURE_DATA_H_

#include <filesystem>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "base/files/json.h"
#include "eval/data_arguments.h"

namespace vitrine {

// Of the newest checkpoint of a run, on its test split, by the result that was left beside it or
// else by evaluating it; an object:
//   checkpoint   its name
//   evaluation   as DescribeEvaluation has it
//   inputs       images of the first training batch as the model gets them, as data: URLs
//   groups       of test images: title, and items of index, truth, prediction, probability, and
//                picture and overlay as data: URLs
//
// Errors are those of Classifier::Load and EvaluationData.
absl::StatusOr<Json> DescribePictures(const std::filesystem::path& run_dir,
                                      const std::filesystem::path& data_dir, at::Device device,
                                      OnBadImage on_bad);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_PICTURE_DATA_H_
