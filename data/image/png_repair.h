// PNGs that are damaged where it does no harm.

#ifndef DATA_IMAGE_PNG_REPAIR_H_
#define DATA_IMAGE_PNG_REPAIR_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

struct RepairedPng {
  std::string bytes;

  // Places in its image data at which Pillow and libpng had no more for now: they take pixels that
  // end before one whatever comes after it.
  std::vector<size_t> breaks;
};

// A PNG with only those chunks of `png` that its pixels are made of, if Pillow and libpng both read
// it in spite of what is wrong with the others; none if one of the two refuses it. That means, for
// what comes before the image data: every checksum is right, no chunk is of an unknown critical
// type, and those that Pillow reads have their least length. For the image data: every checksum is
// right. For what comes after it: no chunk is cut short within its data. Anything else may be
// wrong, and the end may be missing. The image data itself is not looked at.
std::optional<RepairedPng> WithoutHarmlessDamage(std::string_view png);

}  // namespace vitrine

#endif  // DATA_IMAGE_PNG_REPAIR_H_
