#include "data/transform/erasing.h"

#include <algorithm>

#include "data/transform/framing.h"

namespace vitrine {

std::optional<Box> DrawEraseBox(Size picture, const RandomErasing& config, RandomStream* random) {
  constexpr int kTries = 10;
  if (random->Uniform() >= config.probability()) return std::nullopt;
  const double pixels = 1.0 * picture.width * picture.height;
  for (int i = 0; i < kTries; ++i) {
    const double area = pixels * DrawBetween(config.min_area(), config.max_area(), random);
    const double aspect = DrawLogBetween(config.min_aspect(), config.max_aspect(), random);
    const Size turned = SizeOf(area, aspect);  // whose aspect is width by height
    const Size size = {turned.height, turned.width};
    const bool fits = size.width < picture.width && size.height < picture.height;
    if (fits) return DrawPlace(picture, size, random);
  }
  return std::nullopt;
}

void Fill(const Box& box, const Color& color, Image* image) {
  for (int y = box.y; y < box.y + box.height; ++y) {
    uint8_t* pixel = image->row(y) + size_t{3} * box.x;
    for (int x = 0; x < box.width; ++x, pixel += 3) std::copy(color.begin(), color.end(), pixel);
  }
}

}  // namespace vitrine
