#include "data/image/grey.h"

#include <cstddef>
#include <cstdint>

namespace vitrine {

void MakeGrey(Image* image) {
  // 0.299, 0.587 and 0.114 of 2^16, and a half to round by.
  constexpr uint32_t kRed = 19595, kGreen = 38470, kBlue = 7471, kHalf = 1 << 15;
  uint8_t* pixel = image->pixels.data();
  const uint8_t* const end = pixel + image->pixels.size();
  for (; pixel != end; pixel += 3) {
    const uint32_t luma = kRed * pixel[0] + kGreen * pixel[1] + kBlue * pixel[2] + kHalf;
    pixel[0] = pixel[1] = pixel[2] = static_cast<uint8_t>(luma >> 16);
  }
}

}  // namespace vitrine
