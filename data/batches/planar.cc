// Built with -O3, with which GCC makes shuffles of the loops.

#include "data/batches/planar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {

void ToPicture(const PlanarPixels& planar, Image* image) {
  image->Resize(planar.width, planar.height);
  const int64_t plane = int64_t{planar.width} * planar.height;
  for (int c = 0; c < 3; ++c) {
    const uint8_t* in = planar.pixels + std::min(c, planar.channels - 1) * plane;
    for (int64_t i = 0; i < plane; ++i) image->pixels[3 * i + c] = in[i];
  }
}

absl::Status CheckChannelsOfFiles(int channels) {
  if (channels == 1 || channels == 3) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "image files are read with 3 channels, or 1 in grey, but the model takes ", channels));
}

void ToPlanar(const Image& image, int channels, uint8_t* out) {
  CHECK(channels == 1 || channels == 3) << channels;
  const int64_t plane = int64_t{image.width} * image.height;
  const uint8_t* __restrict in = image.pixels.data();
  uint8_t* __restrict red = out;
  if (channels == 1) {
    for (int64_t i = 0; i < plane; ++i) red[i] = in[3 * i];
    return;
  }
  uint8_t* __restrict green = out + plane;
  uint8_t* __restrict blue = out + 2 * plane;
  for (int64_t i = 0; i < plane; ++i) {
    red[i] = in[3 * i];
    green[i] = in[3 * i + 1];
    blue[i] = in[3 * i + 2];
  }
}

}  // namespace vitrine
