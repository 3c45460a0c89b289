#include "data/image/orientation.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace vitrine {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;  // the type of its value
constexpr size_t kEntrySize = 12;

// Integers of either byte order at any place; none beyond the end.
class TiffReader {
 public:
  explicit TiffReader(std::string_view bytes)
      : bytes_(bytes), is_big_endian_(bytes.substr(0, 2) == "MM") {}

  bool IsTiff() const {
    return (is_big_endian_ || bytes_.substr(0, 2) == "II") && Integer(2, 2) == 42;
  }

  std::optional<uint32_t> Integer(size_t offset, size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t place = is_big_endian_ ? i : size - 1 - i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool is_big_endian_;
};

// Where the pixel that is shown at (x, y) is stored; `width` and `height` are as stored.
std::pair<int, int> StoredAt(Orientation orientation, int x, int y, int width, int height) {
  switch (orientation) {
    case Orientation::kTopLeft:
      break;
    case Orientation::kTopRight:
      return {width - 1 - x, y};
    case Orientation::kBottomRight:
      return {width - 1 - x, height - 1 - y};
    case Orientation::kBottomLeft:
      return {x, height - 1 - y};
    case Orientation::kLeftTop:
      return {y, x};
    case Orientation::kRightTop:
      return {y, height - 1 - x};
    case Orientation::kRightBottom:
      return {width - 1 - y, height - 1 - x};
    case Orientation::kLeftBottom:
      return {width - 1 - y, x};
  }
  return {x, y};
}

}  // namespace

Orientation ReadOrientation(std::string_view tiff) {
  const TiffReader reader(tiff);
  if (!reader.IsTiff()) return Orientation::kTopLeft;
  const size_t directory = reader.Integer(4, 4).value_or(tiff.size());
  const uint32_t entries = reader.Integer(directory, 2).value_or(0);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntrySize;
    if (reader.Integer(entry, 2) != kOrientationTag || reader.Integer(entry + 2, 2) != kShort) {
      continue;
    }
    const uint32_t value = reader.Integer(entry + 8, 2).value_or(1);
    if (value >= 1 && value <= 8) return static_cast<Orientation>(value);
    break;
  }
  return Orientation::kTopLeft;
}

void Orient(Orientation orientation, Image* image) {
  if (orientation == Orientation::kTopLeft) return;
  const Image stored = std::move(*image);
  SwapsSides(orientation) ? image->Resize(stored.height, stored.width)
                          : image->Resize(stored.width, stored.height);
  for (int y = 0; y < image->height; ++y) {
    uint8_t* out = image->row(y);
    for (int x = 0; x < image->width; ++x, out += 3) {
      const auto [column, row] = StoredAt(orientation, x, y, stored.width, stored.height);
      std::memcpy(out, stored.row(row) + size_t{3} * column, 3);
    }
  }
}

}  // namespace vitrine
