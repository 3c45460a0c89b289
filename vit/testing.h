// Small models for tests.

#ifndef VIT_TESTING_H_
#define VIT_TESTING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "base/tensors/tensor_map.h"
#include "vit/model.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// Images of 8 x 8 x 2, four patches, width 16, two blocks of two heads, five classes; the other
// fields as they are by default.
ModelConfig SmallConfig();

// The same with mean pooling, registers, fixed positions, layer scale.
ModelConfig SmallConfigWithOptions();

struct NamedConfig {
  std::string name;
  ModelConfig config;
};

// These and more, in which each option of the architecture occurs.
std::vector<NamedConfig> SmallConfigs();

// The config is a good one.
VisionTransformer MakeModel(const ModelConfig& config, uint64_t seed = 1);

// N(0, 1), [count, channels, image_size, image_size]
at::Tensor RandomImages(int64_t count, const ModelConfig& config, uint64_t seed = 2);

// Those of testdata/<name>.safetensors, which the program holds: it may run anywhere.
TensorMap ReferenceValues(std::string_view name);

}  // namespace vitrine

#endif  // VIT_TESTING_H_
