// The handwritten digits of the UCI repository (Alpaydin and Kaynak, 1998), inside the program: the
// 1,797 images that scikit-learn ships, so that something can be learnt before anything is
// downloaded.

#ifndef DATA_SETS_DIGITS_H_
#define DATA_SETS_DIGITS_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// All 1,797, as [N, 1, 28, 28]: MNIST's size, enlarged from 8 x 8.
absl::StatusOr<ImageSet> ReadDigits();

// 360 of them, held out by class, are for testing.
struct SplitDigits {
  ImageSet train, test;
};
absl::StatusOr<SplitDigits> ReadSplitDigits();

// "0" to "9".
std::vector<std::string> DigitNames();

absl::StatusOr<LoadedSet> LoadDigits(const std::filesystem::path& ignored);

// Lines of 64 pixels, 0 to 16, row by row, and the digit, separated by commas. Anything else is an
// error that names the line.
absl::StatusOr<ImageSet> ParseDigits(std::string_view csv);

}  // namespace vitrine

#endif  // DATA_SETS_DIGITS_H_
