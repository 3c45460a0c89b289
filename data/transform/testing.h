// What Pillow and torchvision made, and measures of chance, for tests.

#ifndef DATA_TRANSFORM_TESTING_H_
#define DATA_TRANSFORM_TESTING_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/tensors/tensor_map.h"
#include "data/image/image.h"

namespace vitrine {

// The tensors of testdata/*.safetensors; testdata/generate_transforms.py says what they hold.
const TensorMap& Goldens();

Image Golden(const std::string& key);

// The keys that begin with `name`/, without it, split at each /. Never none.
std::vector<std::vector<std::string>> GoldensOf(std::string_view name);

double Number(std::string_view text);

// "3,9,41,30"
Box BoxOf(std::string_view text);

// How unlike counts are to equally likely ones: for n of them about n - 1.
double ChiSquare(const std::vector<int>& counts);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_TESTING_H_
