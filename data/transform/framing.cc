#include "data/transform/framing.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int kTries = 10;

// Halves to even, as Python's round().
int64_t Round(double x) { return std::llrint(x); }

// One side of a picture that is resized as a whole.
struct Side {
  double begin = 0, length = 0;  // of the region
  int resized = 0;
  int kept = 0;  // where what is kept begins
};

// `length` pixels are resized to `resized`, of which `size` from `first` are kept.
Side KeptSide(int length, int64_t resized, int64_t first, int size, Filter filter) {
  // The kernel's radius in target pixels: larger than its own where the picture is enlarged.
  const double reach = Radius(filter) * std::max(1.0, 1.0 * resized / length);
  const int64_t margin = std::llrint(std::ceil(reach));
  const int64_t begin = std::max(int64_t{0}, first - margin);
  const int64_t end = std::min(resized, first + size + margin);
  const double scale = 1.0 * length / resized;
  Side side;
  side.begin = begin * scale;
  side.length = std::min(end * scale, 1.0 * length) - side.begin;
  side.resized = static_cast<int>(end - begin);
  side.kept = static_cast<int>(first - begin);
  return side;
}

// The pixels that hold the region.
Box Around(const Region& region) {
  const int x = static_cast<int>(std::floor(region.x));
  const int y = static_cast<int>(std::floor(region.y));
  return {x, y, static_cast<int>(std::ceil(region.x + region.width)) - x,
          static_cast<int>(std::ceil(region.y + region.height)) - y};
}

// Of which those in the middle are kept.
Side CenterSide(int length, int64_t resized, int size, Filter filter, bool round_down) {
  const int64_t rest = resized - size;
  return KeptSide(length, resized, round_down ? rest / 2 : Round(rest / 2.0), size, filter);
}

// The side that goes with another one that is resized.
int64_t InProportion(int length, int64_t other_resized, int other, bool round_down) {
  return round_down ? other_resized * length / other : Round(1.0 * other_resized * length / other);
}

Framing OfSides(const Side& x, const Side& y, Size kept) {
  Framing framing;
  framing.region = {x.begin, y.begin, x.length, y.length};
  framing.box = Around(framing.region);
  framing.resized = {x.resized, y.resized};
  framing.kept = {x.kept, y.kept, kept.width, kept.height};
  return framing;
}

// The middle of the picture, without what makes it narrower or wider than allowed.
Box LargestBox(Size picture, double min_aspect, double max_aspect) {
  const double aspect = 1.0 * picture.width / picture.height;
  Size size = picture;
  if (aspect < min_aspect) size.height = static_cast<int>(Round(picture.width / min_aspect));
  if (aspect > max_aspect) size.width = static_cast<int>(Round(picture.height * max_aspect));
  size.width = std::clamp(size.width, 1, picture.width);
  size.height = std::clamp(size.height, 1, picture.height);
  return {(picture.width - size.width) / 2, (picture.height - size.height) / 2, size.width,
          size.height};
}

}  // namespace

Size CoveredSize(Size size, double crop_fraction) {
  return {static_cast<int>(Round(size.width / crop_fraction)),
          static_cast<int>(Round(size.height / crop_fraction))};
}

Framing CenterFraming(Size picture, Size size, double crop_fraction, Filter filter,
                      const CenterOptions& options) {
  CHECK(picture.width > 0 && picture.height > 0 && size.width > 0 && size.height > 0);
  CHECK(crop_fraction > 0 && crop_fraction <= 1);
  const Size covered = CoveredSize(size, crop_fraction);
  int64_t width = covered.width, height = covered.height;
  // One of them grows until both have the picture's ratio.
  if (!options.stretch) {
    const bool is_square = size.width == size.height;
    if (picture.width * height < picture.height * width) {
      height = InProportion(picture.height, width, picture.width, is_square);
    } else {
      width = InProportion(picture.width, height, picture.height, is_square);
    }
  }
  return OfSides(CenterSide(picture.width, width, size.width, filter, options.round_down),
                 CenterSide(picture.height, height, size.height, filter, options.round_down), size);
}

int64_t ResizedLongerSide(Size picture, int64_t shorter) {
  return InProportion(std::max(picture.width, picture.height), shorter,
                      std::min(picture.width, picture.height), /*round_down=*/true);
}

Framing ResizedFraming(Size picture, Size resized, const Box& kept, Filter filter) {
  CHECK(picture.width > 0 && picture.height > 0 && IsWithin(kept, resized));
  return OfSides(KeptSide(picture.width, resized.width, kept.x, kept.width, filter),
                 KeptSide(picture.height, resized.height, kept.y, kept.height, filter),
                 {kept.width, kept.height});
}

Framing PartFraming(const Box& box, Size size) {
  Framing framing;
  framing.box = box;
  framing.region = {1.0 * box.x, 1.0 * box.y, 1.0 * box.width, 1.0 * box.height};
  framing.resized = size;
  framing.kept = {0, 0, size.width, size.height};
  return framing;
}

Size SizeOf(double area, double aspect) {
  return {static_cast<int>(Round(std::sqrt(area * aspect))),
          static_cast<int>(Round(std::sqrt(area / aspect)))};
}

Box DrawCropBox(Size picture, const RandomResizedCrop& config, RandomStream* random) {
  const double pixels = 1.0 * picture.width * picture.height;
  for (int i = 0; i < kTries; ++i) {
    const double area = pixels * DrawBetween(config.min_area(), config.max_area(), random);
    const double aspect = DrawLogBetween(config.min_aspect(), config.max_aspect(), random);
    const Size size = SizeOf(area, aspect);
    const bool fits = size.width > 0 && size.height > 0 && size.width <= picture.width &&
                      size.height <= picture.height;
    if (fits) return DrawPlace(picture, size, random);
  }
  return LargestBox(picture, config.min_aspect(), config.max_aspect());
}

double DrawBetween(double low, double high, RandomStream* random) {
  return low + random->Uniform() * (high - low);
}

double DrawLogBetween(double low, double high, RandomStream* random) {
  return std::exp(DrawBetween(std::log(low), std::log(high), random));
}

Box DrawPlace(Size picture, Size box, RandomStream* random) {
  const auto y = static_cast<int>(random->Below(picture.height - box.height + 1));
  const auto x = static_cast<int>(random->Below(picture.width - box.width + 1));
  return {x, y, box.width, box.height};
}

}  // namespace vitrine
