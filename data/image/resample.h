// Resizes pictures.

#ifndef DATA_IMAGE_RESAMPLE_H_
#define DATA_IMAGE_RESAMPLE_H_

#include "data/image/image.h"

namespace vitrine {

// The kernel of the interpolation. Where the picture gets smaller it is stretched over all source
// pixels that fall on one target pixel (antialiasing), as Pillow and torchvision's
// `antialias=True` do.
enum class Filter {
  kBilinear,  // triangle, radius 1
  kBicubic,   // Keys, IEEE ASSP 29 (1981), a = -0.5, radius 2
};

// How far a kernel reaches to each side, in pixels.
inline double Radius(Filter filter) { return filter == Filter::kBilinear ? 1 : 2; }

// The region of `in`, which lies within it, as a picture of `size`. Pixels outside of the region
// are not looked at, but for the parts of those that its border divides. In each of the two passes,
// along rows, then along columns, values are rounded to 8 bits; weights have 14 bits, so that no
// pixel is off by more than 1 from one computed in real numbers between the same two roundings.
// `out` must be another picture than `in`.
void Resample(const Image& in, const Region& region, Size size, Filter filter, Image* out);

}  // namespace vitrine

#endif  // DATA_IMAGE_RESAMPLE_H_
