// Numbers as colours: a perceptually uniform map from dark violet over red to light yellow. Equal
// steps look equally large, and a print without colour still shows the order.

#ifndef ANALYSIS_COLOR_MAP_H_
#define ANALYSIS_COLOR_MAP_H_

#include <array>
#include <cstdint>

namespace vitrine {

using Rgb = std::array<uint8_t, 3>;

// sRGB of a value from 0, dark, to 1, light; others are taken for the nearer end. The map is a
// curve in OKLab (Ottosson, "A perceptual color space for image processing", 2020) whose lightness
// rises all along, walked at constant speed.
Rgb MapColor(double value);

}  // namespace vitrine

#endif  // ANALYSIS_COLOR_MAP_H_
