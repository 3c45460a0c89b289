// The shape of a model's input, which is square.

#ifndef DATA_IMAGE_SHAPE_H_
#define DATA_IMAGE_SHAPE_H_

#include <cstdint>

namespace vitrine {

struct ImageShape {
  int channels = 3;  // 1 or 3
  int size = 224;    // pixels a side

  int64_t numel() const { return int64_t{channels} * size * size; }
};

}  // namespace vitrine

#endif  // DATA_IMAGE_SHAPE_H_
