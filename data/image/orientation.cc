#include "data/image/orientation.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace vitrine {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;

// Numbers of either byte order at any place; none beyond the end.
class TiffReader {
 public:
  explicit TiffReader(std::string_view bytes)
      : bytes_(bytes), is_big_endian_(bytes.substr(0, 2) == "MM") {}

  // The number 42 may stand in the wrong byte order.
  bool IsTiff() const {
    if (bytes_.size() < 8) return false;
    const std::string_view order = bytes_.substr(0, 2), number = bytes_.substr(2, 2);
    return (order == "MM" || order == "II") &&
           (number == std::string_view("\0*", 2) || number == std::string_view("*\0", 2));
  }

  size_t size() const { return bytes_.size(); }

  bool Holds(uint64_t offset, uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }

  // Of 1 to 8 bytes.
  std::optional<uint64_t> Integer(uint64_t offset, int size) const {
    if (!Holds(offset, size)) return std::nullopt;
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
      const int place = is_big_endian_ ? i : size - 1 - i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool is_big_endian_;
};

// The types of TIFF 6.0, and BigTIFF's LONG8.
enum Type : uint64_t {
  kByte = 1,
  kAscii = 2,
  kShort = 3,
  kLong = 4,
  kRational = 5,
  kSignedByte = 6,
  kUndefined = 7,
  kSignedShort = 8,
  kSignedLong = 9,
  kSignedRational = 10,
  kFloat = 11,
  kDouble = 12,
  kDirectory = 13,
  kLong8 = 16,
};

// Bytes of one value; 0 for an unknown type.
int SizeOf(uint64_t type) {
  switch (type) {
    case kByte:
    case kAscii:
    case kSignedByte:
    case kUndefined:
      return 1;
    case kShort:
    case kSignedShort:
      return 2;
    case kLong:
    case kSignedLong:
    case kFloat:
    case kDirectory:
      return 4;
    case kRational:
    case kSignedRational:
    case kDouble:
    case kLong8:
      return 8;
    default:
      return 0;
  }
}

// Of types that are no numbers, 0, which is no orientation.
double NumberAt(const TiffReader& tiff, uint64_t offset, uint64_t type) {
  const uint64_t bits = tiff.Integer(offset, SizeOf(type)).value_or(0);
  switch (type) {
    case kShort:
    case kLong:
    case kSignedByte:  // those below 0 are no orientation either way
    case kSignedShort:
    case kSignedLong:
    case kDirectory:
    case kLong8:
      return static_cast<double>(bits);
    case kFloat:
      return std::bit_cast<float>(static_cast<uint32_t>(bits));
    case kDouble:
      return std::bit_cast<double>(bits);
    case kRational:
      return static_cast<double>(*tiff.Integer(offset, 4)) / *tiff.Integer(offset + 4, 4);
    case kSignedRational:
      return static_cast<double>(static_cast<int32_t>(*tiff.Integer(offset, 4))) /
             static_cast<int32_t>(*tiff.Integer(offset + 4, 4));
    default:
      return 0;
  }
}

// The first value of the tag in the first directory; none where the tag is not in it. An entry
// whose values would lie beyond the end spoils those after it.
std::optional<double> FindTag(const TiffReader& tiff, uint16_t tag) {
  const uint64_t directory = tiff.Integer(4, 4).value_or(tiff.size());
  const uint64_t entries = tiff.Integer(directory, 2).value_or(0);
  uint64_t total = 0;  // of values that lie elsewhere
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + 12 * i;
    if (!tiff.Holds(entry, 12)) break;
    const uint64_t type = *tiff.Integer(entry + 2, 2), count = *tiff.Integer(entry + 4, 4);
    const uint64_t size = count * SizeOf(type);
    if (size == 0) continue;
    uint64_t values = entry + 8;
    if (size > 4) {
      total += size;
      if (total > tiff.size()) continue;
      values = *tiff.Integer(entry + 8, 4);
      if (!tiff.Holds(values, size)) break;
    }
    if (tiff.Integer(entry, 2) == tag) return NumberAt(tiff, values, type);
  }
  return std::nullopt;
}

Orientation ToOrientation(double number) {
  return number >= 1 && number <= 8 && number == std::floor(number)
             ? static_cast<Orientation>(static_cast<int>(number))
             : Orientation::kTopLeft;
}

Orientation ReadXmp(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (size_t at = xmp.find(kName); at != xmp.npos; at = xmp.find(kName, at + 1)) {
    std::string_view value = xmp.substr(at + kName.size());
    if ((absl::ConsumePrefix(&value, "=\"") || absl::ConsumePrefix(&value, ">")) &&
        !value.empty() && absl::ascii_isdigit(static_cast<unsigned char>(value[0]))) {
      return ToOrientation(value[0] - '0');
    }
  }
  return Orientation::kTopLeft;
}

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

Orientation ReadOrientation(std::string_view exif, std::string_view xmp) {
  // Some write the start twice.
  for (int i = 0; i < 2; ++i) absl::ConsumePrefix(&exif, kExifStart);
  if (exif.empty()) return ReadXmp(xmp);
  const TiffReader tiff(exif);
  if (!tiff.IsTiff()) return Orientation::kTopLeft;
  const std::optional<double> number = FindTag(tiff, kOrientationTag);
  return number ? ToOrientation(*number) : ReadXmp(xmp);
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
