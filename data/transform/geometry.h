// Moves pixels without mixing them. What comes from outside of the picture is black.
//
//   FlipHorizontally(&image);
//   Affine(image, Rotation(30, {image.width, image.height}), &turned);

#ifndef DATA_TRANSFORM_GEOMETRY_H_
#define DATA_TRANSFORM_GEOMETRY_H_

#include <array>

#include "data/image/image.h"

namespace vitrine {

// In each function `out` must be another picture than `in`.

// The box, which must lie within the picture.
void CopyBox(const Image& in, const Box& box, Image* out);

void FlipHorizontally(Image* image);

// Moved by so many pixels, to the left or up where they are negative.
void Shift(const Image& in, int right, int down, Image* out);

// Where a pixel comes from, in coordinates whose pixels have their centres at halves:
//   x_in = m[0] x + m[1] y + m[2],   y_in = m[3] x + m[4] y + m[5].
using AffineMatrix = std::array<double, 6>;

// Counter-clockwise about the centre, as Pillow's Image.rotate.
AffineMatrix Rotation(double degrees, Size size);

// The nearest pixel, found with 16 bits behind the point: bit for bit Pillow's
// Image.transform(AFFINE, NEAREST), but where it only scales or the picture has 2^15 pixels a side.
void Affine(const Image& in, const AffineMatrix& matrix, Image* out);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_GEOMETRY_H_
