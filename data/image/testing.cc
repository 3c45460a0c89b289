#include "data/image/testing.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/random.h"

namespace vitrine {

Image MakePicture(int width, int height, uint64_t seed) {
  RandomStream random(seed, "picture");
  Image image;
  image.Resize(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < 3 * width; ++x) {
      const double wave = std::sin(0.2 * (x / 3) + 0.1 * y * (1 + x % 3));
      const double noise = 12 * random.Uniform() - 6;
      image.row(y)[x] = static_cast<uint8_t>(std::clamp(128 + 100 * wave + noise, 0.0, 255.0));
    }
  }
  return image;
}

std::string WithoutEnd(std::string png) {
  constexpr size_t kEndChunk = 12;
  png.resize(png.size() - kEndChunk);
  return png;
}

Image Crop(const Image& image, const Box& box) {
  Image crop;
  crop.Resize(box.width, box.height);
  for (int y = 0; y < box.height; ++y) {
    std::memcpy(crop.row(y), image.row(box.y + y) + size_t{3} * box.x, size_t{3} * box.width);
  }
  return crop;
}

Image FromTensor(const at::Tensor& tensor) {
  Image image;
  image.Resize(static_cast<int>(tensor.size(1)), static_cast<int>(tensor.size(0)));
  std::memcpy(image.pixels.data(), tensor.const_data_ptr<uint8_t>(), image.pixels.size());
  return image;
}

std::string BytesOf(const at::Tensor& tensor) {
  return std::string(reinterpret_cast<const char*>(tensor.const_data_ptr<uint8_t>()),
                     tensor.numel());
}

int LargestDifference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return largest;
}

}  // namespace vitrine
