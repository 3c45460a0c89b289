// Pictures for tests.

#ifndef DATA_IMAGE_TESTING_H_
#define DATA_IMAGE_TESTING_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "data/image/image.h"

namespace vitrine {

// Waves and noise, made of these numbers alone.
Image MakePicture(int width, int height, uint64_t seed = 1);

// A PNG that lacks its end: damaged, but read to the same pixels.
std::string WithoutEnd(std::string png);

// The pixels of the box.
Image Crop(const Image& image, const Box& box);

// uint8 [height, width, 3]
Image FromTensor(const at::Tensor& tensor);

// Any uint8 tensor's memory.
std::string BytesOf(const at::Tensor& tensor);

// The largest difference of two values; 256 if the pictures differ in size.
int LargestDifference(const Image& a, const Image& b);

}  // namespace vitrine

#endif  // DATA_IMAGE_TESTING_H_
