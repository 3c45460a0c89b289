// Handwritten digits somewhere in a larger picture, among parts of others: pictures of which it is
// known where the object is, to test maps of relevance on (after Mnih et al., "Recurrent models of
// visual attention", arXiv 1406.6247).
//
//   ASSIGN_OR_RETURN(const ImageSet digits, ReadDigits());
//   const Scenes scenes = ScatterDigits(digits, /*copies=*/1, /*seed=*/0);

#ifndef DATA_SETS_CLUTTER_H_
#define DATA_SETS_CLUTTER_H_

#include <cstdint>
#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// Pictures are of kSceneSize x kSceneSize pixels, the digit in them of kSceneDigitSize.
inline constexpr int kSceneSize = 56;
inline constexpr int kSceneDigitSize = 14;

struct Scenes {
  ImageSet set;            // [copies * N, 1, 56, 56]
  std::vector<Box> boxes;  // where the digit is, for each picture
};

// Each of the digits [N, 1, 28, 28] alone in `copies` pictures, at half its size, anywhere, with
// six squares of 5 x 5 pixels out of any of the digits; where they overlap the lighter pixel shows.
// Picture c * N + i is one of digit i, a function of (seed, i, c) and the digits.
Scenes ScatterDigits(const ImageSet& digits, int copies, uint64_t seed);

// Each training digit in 20 scenes, each test digit in one.
absl::StatusOr<LoadedSet> LoadDigitsInClutter(const std::filesystem::path& ignored);

}  // namespace vitrine

#endif  // DATA_SETS_CLUTTER_H_
