// Which way up a picture is: the Exif tag that cameras write instead of turning the pixels.

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

// From a TIFF structure, which is what the Exif segment of a JPEG holds behind "Exif\0\0" and the
// eXIf chunk of a PNG as it is. kTopLeft where it says nothing or is damaged: pictures are read
// without it.
Orientation ReadOrientation(std::string_view tiff);

// Whether rows become columns.
inline bool SwapsSides(Orientation orientation) { return orientation >= Orientation::kLeftTop; }

// Turns the pixels the way they are shown.
void Orient(Orientation orientation, Image* image);

}  // namespace vitrine

#endif  // DATA_IMAGE_ORIENTATION_H_
