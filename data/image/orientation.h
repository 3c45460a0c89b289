// Which way up a picture is: the tag that cameras write instead of turning the pixels.

#ifndef DATA_IMAGE_ORIENTATION_H_
#define DATA_IMAGE_ORIENTATION_H_

#include <string_view>

#include "data/image/image.h"

namespace vitrine {

// Tag 0x0112 of Exif 2.3, in its numbers: the side of the picture as it is shown where the first
// row as it is stored lies, then that of the first column.
enum class Orientation {
  kTopLeft = 1,
  kTopRight = 2,
  kBottomRight = 3,
  kBottomLeft = 4,
  kLeftTop = 5,
  kRightTop = 6,
  kRightBottom = 7,
  kLeftBottom = 8,
};

// What an Exif block begins with in a JPEG, and may begin with elsewhere.
inline constexpr std::string_view kExifStart("Exif\0\0", 6);

// The orientation as Pillow's ImageOps.exif_transpose finds it. `exif` is a TIFF structure of
// either byte order, with or without kExifStart before it; its tag may have any type of number.
// Where it has no such tag, `xmp` counts: tiff:Orientation as an attribute or an element. Either
// may be empty. kTopLeft where they say nothing or are damaged: pictures are read without them.
Orientation ReadOrientation(std::string_view exif, std::string_view xmp);

// Whether rows become columns.
inline bool SwapsSides(Orientation orientation) { return orientation >= Orientation::kLeftTop; }

// Turns the pixels the way they are shown.
void Orient(Orientation orientation, Image* image);

}  // namespace vitrine

#endif  // DATA_IMAGE_ORIENTATION_H_
