// Colours to grey.

#ifndef DATA_IMAGE_GREY_H_
#define DATA_IMAGE_GREY_H_

#include "data/image/image.h"

namespace vitrine {

// Gives each pixel three equal values, those of Pillow's convert("L"): the luma of ITU-R BT.601. A
// grey picture stays as it is.
void MakeGrey(Image* image);

}  // namespace vitrine

#endif  // DATA_IMAGE_GREY_H_
