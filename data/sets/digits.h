// The handwritten digits of the UCI repository (Alpaydin and Kaynak, 1998), inside the program: the
// 1,797 images that scikit-learn ships, so that something can be learnt before anything is
// downloaded.

#ifndef DATA_SETS_DIGITS_H_
#define DATA_SETS_DIGITS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"

namespace vitrine {

// All 1,797, as [N, 1, 28, 28]: MNIST's size, enlarged from 8 x 8.
absl::StatusOr<ImageSet> LoadDigits();

// Lines of 64 pixels, 0 to 16, row by row, and the digit, separated by commas. Anything else is an
// error that names the line.
absl::StatusOr<ImageSet> ParseDigits(std::string_view csv);

}  // namespace vitrine

#endif  // DATA_SETS_DIGITS_H_
