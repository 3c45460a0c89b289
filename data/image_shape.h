// The shape of a model's input.

#ifndef DATA_IMAGE_SHAPE_H_
#define DATA_IMAGE_SHAPE_H_

#include <cstdint>

#include "data/image/image.h"

namespace vitrine {

struct ImageShape {
  int channels = 3;  // 1 or 3
  Size size = {224, 224};

  int64_t numel() const { return int64_t{channels} * size.width * size.height; }
};

}  // namespace vitrine

#endif  // DATA_IMAGE_SHAPE_H_
