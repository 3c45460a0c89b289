#include "analysis/pictures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "analysis/color_map.h"
#include "data/image/png.h"
#include "data/image/resample.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr double kMapShare = 0.55;    // of the colours, beside the picture's own
constexpr double kUnseenShare = 0.3;  // of the light, where the model does not look
constexpr int kGap = 4;               // pixels between cells

// A map [rows, columns] that can be read between the middles of its patches.
class SmoothMap {
 public:
  explicit SmoothMap(const at::Tensor& map)
      : values_(map.contiguous()),
        rows_(map.size(0)),
        columns_(map.size(1)),
        largest_(map.max().item<float>()) {}

  // At x and y from 0 to 1 across the map, bilinear, as a share of the largest value.
  double At(double x, double y) const {
    const double u = std::clamp(x * columns_ - 0.5, 0.0, columns_ - 1.0);
    const double v = std::clamp(y * rows_ - 0.5, 0.0, rows_ - 1.0);
    const auto left = static_cast<int64_t>(u), top = static_cast<int64_t>(v);
    const int64_t right = std::min(left + 1, columns_ - 1), bottom = std::min(top + 1, rows_ - 1);
    const double across = u - left, down = v - top;
    const double above = (1 - across) * Value(top, left) + across * Value(top, right);
    const double below = (1 - across) * Value(bottom, left) + across * Value(bottom, right);
    return largest_ > 0 ? ((1 - down) * above + down * below) / largest_ : 0;
  }

 private:
  double Value(int64_t row, int64_t column) const {
    return values_.const_data_ptr<float>()[row * columns_ + column];
  }

  const at::Tensor values_;
  const int64_t rows_, columns_;
  const double largest_;
};

void Blend(const Rgb& color, double share, uint8_t* pixel) {
  for (int c = 0; c < 3; ++c) {
    pixel[c] = static_cast<uint8_t>(std::lround((1 - share) * pixel[c] + share * color[c]));
  }
}

void Paste(const Image& picture, int x, int y, Image* sheet) {
  for (int row = 0; row < picture.height; ++row) {
    std::copy_n(picture.row(row), size_t{3} * picture.width, sheet->row(y + row) + size_t{3} * x);
  }
}

}  // namespace

Image Overlay(const Image& picture, const at::Tensor& map, const Region& seen) {
  const SmoothMap smooth(map);
  Image overlay = picture;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const double across = (x + 0.5 - seen.x) / seen.width,
                   down = (y + 0.5 - seen.y) / seen.height;
      uint8_t* const pixel = overlay.row(y) + size_t{3} * x;
      if (across < 0 || across > 1 || down < 0 || down > 1) {
        Blend({0, 0, 0}, 1 - kUnseenShare, pixel);
      } else {
        Blend(MapColor(smooth.At(across, down)), kMapShare, pixel);
      }
    }
  }
  return overlay;
}

Image Fitted(const Image& picture, int longer_side) {
  const double scale = static_cast<double>(longer_side) / std::max(picture.width, picture.height);
  const Size size = {std::max(1, static_cast<int>(std::lround(picture.width * scale))),
                     std::max(1, static_cast<int>(std::lround(picture.height * scale)))};
  Image fitted;
  Resample(picture, {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)},
           size, Filter::kBicubic, &fitted);
  return fitted;
}

std::string DataUrl(const Image& picture, int longest_side) {
  const int longest = std::max(picture.width, picture.height);
  Image small;
  if (longest > longest_side) {
    const double scale = static_cast<double>(longest_side) / longest;
    const Size size = {std::max(1, static_cast<int>(picture.width * scale)),
                       std::max(1, static_cast<int>(picture.height * scale))};
    Resample(picture,
             {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)}, size,
             Filter::kBilinear, &small);
  }
  const std::string png = EncodePng(small.width > 0 ? small : picture);
  return absl::StrCat("data:image/png;base64,", absl::Base64Escape(png));
}

Image ContactSheet(std::span<const Image> pictures, int max_columns, int cell) {
  CHECK_GT(max_columns, 0);
  const int count = static_cast<int>(pictures.size());
  const int columns = std::clamp(count, 1, max_columns);
  const int rows = (count + columns - 1) / columns;
  Image sheet;
  sheet.Resize(columns * (cell + kGap) + kGap, rows * (cell + kGap) + kGap);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), uint8_t{255});
  for (int i = 0; i < count; ++i) {
    const Image fitted = Fitted(pictures[i], cell);
    Paste(fitted, kGap + i % columns * (cell + kGap) + (cell - fitted.width) / 2,
          kGap + i / columns * (cell + kGap) + (cell - fitted.height) / 2, &sheet);
  }
  return sheet;
}

}  // namespace vitrine
