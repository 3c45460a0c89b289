// From a caller's pictures to what the model takes.

#ifndef LIBRARY_PICTURES_H_
#define LIBRARY_PICTURES_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eval/classifier.h"
#include "library/vitrine.h"

namespace vitrine {

// float32 [pictures, C, H, W], at least one picture; on as many threads as the caller computes
// with. The error is that of the first picture that has one, as OfPicture makes it.
absl::StatusOr<at::Tensor> PreparePictures(const Classifier& classifier,
                                           absl::Span<const vitrine_picture> pictures);

// An error of the picture of this number, with its path, or else the number, in front.
absl::Status OfPicture(const absl::Status& status, const vitrine_picture& picture, int64_t number);

// The number in an error of OfPicture; -1 in others.
int64_t PictureNumber(const absl::Status& status);

}  // namespace vitrine

#endif  // LIBRARY_PICTURES_H_
