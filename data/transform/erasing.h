// Random erasing (Zhong et al., arXiv 1708.04896): hides a rectangle, so that a model does not rely
// on one part of an object.
//
//   if (const auto box = DrawEraseBox({224, 224}, config, &random)) Fill(*box, color, &image);

#ifndef DATA_TRANSFORM_ERASING_H_
#define DATA_TRANSFORM_ERASING_H_

#include <array>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "data/image/image.h"
#include "data/transform/transform.pb.h"

namespace vitrine {

// Red, green, blue.
using Color = std::array<uint8_t, 3>;

// A box that leaves a part of each side, as torchvision draws it; nothing if the picture is left as
// it is, by chance or because ten boxes in a row did not fit. Its area may round to no pixel.
std::optional<Box> DrawEraseBox(Size picture, const RandomErasing& config, RandomStream* random);

void Fill(const Box& box, const Color& color, Image* image);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_ERASING_H_
