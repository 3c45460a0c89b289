// Changes the colours of a picture, pixels staying where they are: the operations of Pillow's
// ImageEnhance and ImageOps with the same bytes as theirs.
//
//   AdjustContrast(1.4, &image);
//   Equalize(&image);

#ifndef DATA_TRANSFORM_COLOR_H_
#define DATA_TRANSFORM_COLOR_H_

#include <cstdint>

#include "data/image/image.h"

namespace vitrine {

// The first four mix a picture without the quality with the one given: with a factor of 0 the
// quality is gone, 1 changes nothing, and more exaggerates. The factor is taken as a float32.

// Without it: black.
void AdjustBrightness(double factor, Image* image);

// Without it: the mean grey.
void AdjustContrast(double factor, Image* image);

// Without it: each pixel's grey, ITU-R BT.601.
void AdjustSaturation(double factor, Image* image);

// Without it: smoothed by the 8 neighbours, each of which counts a fifth of the middle. The pixels
// at the edges stay. `out` must be another picture than `in`.
void AdjustSharpness(const Image& in, double factor, Image* out);

// Turns the circle of colours, of which 1 is the whole, by `shift` from -0.5 to 0.5. Goes by way of
// HSV in 8 bits, so that even 0 changes some pixels.
void AdjustHue(double shift, Image* image);

// Keeps the highest bits of each value, 1 to 8.
void Posterize(int bits, Image* image);

// Inverts the values that are at least the threshold.
void Solarize(double threshold, Image* image);

// Light becomes dark: 255 less each value.
void Invert(Image* image);

// Stretches each channel from its lowest and highest value to 0 and 255.
void AutoContrast(Image* image);

// Makes all values of a channel about equally frequent.
void Equalize(Image* image);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_COLOR_H_
