// A picture in memory, and parts of one.

#ifndef DATA_IMAGE_IMAGE_H_
#define DATA_IMAGE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine {

// 8-bit sRGB, as it is shown: rows from the top, pixels from the left, red, green, blue.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]

  // Keeps the memory, so that one Image can take many pictures.
  void Resize(int new_width, int new_height) {
    width = new_width;
    height = new_height;
    pixels.resize(size_t{3} * width * height);
  }
  uint8_t* row(int y) { return pixels.data() + size_t{3} * width * y; }
  const uint8_t* row(int y) const { return pixels.data() + size_t{3} * width * y; }
};

struct Size {
  int width = 0, height = 0;

  friend bool operator==(const Size&, const Size&) = default;
};

constexpr Size Square(int side) { return {side, side}; }

// Pixels [x, x + width) of rows [y, y + height).
struct Box {
  int x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const Box&, const Box&) = default;
};

// Whether it holds a pixel, and none that lies outside of a picture of this size.
inline bool IsWithin(const Box& box, Size size) {
  return box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 &&
         box.width <= size.width - box.x && box.height <= size.height - box.y;
}

// The same with borders that may lie within pixels.
struct Region {
  double x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const Region&, const Region&) = default;
};

}  // namespace vitrine

#endif  // DATA_IMAGE_IMAGE_H_
