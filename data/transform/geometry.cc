#include "data/transform/geometry.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numbers>

#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int kBits = 16;

int64_t ToFixed(double x) { return static_cast<int64_t>(std::floor(x * (1 << kBits) + 0.5)); }

// Pillow does so to have exact zeros and ones.
double RoundTo15Places(double x) { return std::nearbyint(x * 1e15) / 1e15; }

void Copy(const uint8_t* pixel, uint8_t* out) {
  out[0] = pixel[0];
  out[1] = pixel[1];
  out[2] = pixel[2];
}

}  // namespace

void CopyBox(const Image& in, const Box& box, Image* out) {
  CHECK(&in != out);
  CHECK(IsWithin(box, {in.width, in.height}));
  out->Resize(box.width, box.height);
  for (int y = 0; y < box.height; ++y) {
    std::memcpy(out->row(y), in.row(box.y + y) + size_t{3} * box.x, size_t{3} * box.width);
  }
}

void FlipHorizontally(Image* image) {
  using Pixel = std::array<uint8_t, 3>;
  for (int y = 0; y < image->height; ++y) {
    auto* row = reinterpret_cast<Pixel*>(image->row(y));
    std::reverse(row, row + image->width);
  }
}

void Shift(const Image& in, int right, int down, Image* out) {
  CHECK(&in != out);
  out->Resize(in.width, in.height);
  std::fill(out->pixels.begin(), out->pixels.end(), 0);
  const int columns = in.width - std::abs(right);
  if (columns <= 0) return;
  const size_t from = size_t{3} * std::max(0, -right);
  const size_t to = size_t{3} * std::max(0, right);
  for (int y = std::max(0, down); y < in.height + std::min(0, down); ++y) {
    std::memcpy(out->row(y) + to, in.row(y - down) + from, size_t{3} * columns);
  }
}

AffineMatrix Rotation(double degrees, Size size) {
  degrees = std::fmod(degrees, 360);
  if (degrees < 0) degrees += 360;
  const double angle = -degrees * (std::numbers::pi / 180);
  const double cosine = RoundTo15Places(std::cos(angle));
  const double sine = RoundTo15Places(std::sin(angle));
  const double x = size.width / 2.0, y = size.height / 2.0;
  return {cosine, sine,   -cosine * x - sine * y + x,  //
          -sine,  cosine, sine * x - cosine * y + y};
}

void Affine(const Image& in, const AffineMatrix& matrix, Image* out) {
  CHECK(&in != out);
  out->Resize(in.width, in.height);
  std::fill(out->pixels.begin(), out->pixels.end(), 0);
  const auto& m = matrix;
  const int64_t x_step = ToFixed(m[0]), y_step = ToFixed(m[3]);
  int64_t x_begin = ToFixed(m[2] + m[0] * 0.5 + m[1] * 0.5);
  int64_t y_begin = ToFixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
  for (int row = 0; row < in.height; ++row) {
    uint8_t* pixel = out->row(row);
    int64_t x = x_begin, y = y_begin;
    for (int column = 0; column < in.width; ++column, pixel += 3, x += x_step, y += y_step) {
      const int64_t from_x = x >> kBits, from_y = y >> kBits;
      const bool inside = from_x >= 0 && from_x < in.width && from_y >= 0 && from_y < in.height;
      if (inside) Copy(in.row(static_cast<int>(from_y)) + 3 * from_x, pixel);
    }
    x_begin += ToFixed(m[1]);
    y_begin += ToFixed(m[4]);
  }
}

}  // namespace vitrine
