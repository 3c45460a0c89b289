// Which part of a picture the model gets to see.
//
//   const Framing framing = CenterFraming({500, 375}, {224, 224}, 0.875, Filter::kBilinear);
//   const Framing framing = PartFraming(DrawCropBox({500, 375}, config, &random), {224, 224});
//   const Box crop = DrawCropBox({341, 256}, config, &random);
//   const Framing framing = ResizedFraming({500, 375}, {341, 256}, crop, Filter::kBilinear);

#ifndef DATA_TRANSFORM_FRAMING_H_
#define DATA_TRANSFORM_FRAMING_H_

#include <cstdint>

#include "base/random.h"
#include "data/image/image.h"
#include "data/image/resample.h"
#include "data/transform/transform.pb.h"

namespace vitrine {

// A region of the picture that is resized, and the part of the result that is kept.
struct Framing {
  Box box;        // in the picture: the pixels that are looked at
  Region region;  // in the picture
  Size resized;   // what the region becomes
  Box kept;       // in the resized one
};

// As in ResizeAndCenterCrop.
struct CenterOptions {
  bool stretch = false, round_down = false;
};

// round(size / crop_fraction), of both sides.
Size CoveredSize(Size size, double crop_fraction);

// Resizes the picture to the smallest that covers CoveredSize and keeps the middle:
// what torchvision's Resize and CenterCrop do to the whole picture where `size` is a square, and
// timm's ResizeKeepRatio where it is none, sizes and places rounded as there. The region is larger
// than what is kept by the pixels that the filter reaches beyond it. With `stretch` the picture
// becomes CoveredSize itself.
Framing CenterFraming(Size picture, Size size, double crop_fraction, Filter filter,
                      const CenterOptions& options = {});

// The longer side of a picture whose shorter one is resized to `shorter`; torchvision cuts off
// behind the point.
int64_t ResizedLongerSide(Size picture, int64_t shorter);

// The whole picture becomes `resized`, of which `kept` is kept, as by torchvision's Resize and
// crop. The region is as large as in CenterFraming.
Framing ResizedFraming(Size picture, Size resized, const Box& kept, Filter filter);

// The box, resized. As in torchvision, nothing beyond the box is looked at.
Framing PartFraming(const Box& box, Size size);

// Width and height of a part of this area, in pixels, and of this aspect, width by height.
Size SizeOf(double area, double aspect);

// A box of random area and aspect that fits into the picture, anywhere in it. After ten that do not
// fit, the largest one in the middle whose aspect is allowed. That is torchvision's algorithm.
Box DrawCropBox(Size picture, const RandomResizedCrop& config, RandomStream* random);

// Uniform in [low, high); log-uniform.
double DrawBetween(double low, double high, RandomStream* random);
double DrawLogBetween(double low, double high, RandomStream* random);

// A box of this size, anywhere in the picture, which must hold it.
Box DrawPlace(Size picture, Size box, RandomStream* random);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_FRAMING_H_
