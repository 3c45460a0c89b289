#include "vit/testing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/ops/empty.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/files/embedded_file.h"
#include "base/tensors/safetensors.h"
#include "glog/logging.h"
#include "vit/embedded_reference_values.h"

namespace vitrine {

ModelConfig SmallConfig() {
  ModelConfig config;
  config.set_image_size(8);
  config.set_channels(2);
  config.set_patch_size(4);
  config.set_width(16);
  config.set_depth(2);
  config.set_heads(2);
  config.set_num_classes(5);
  return config;
}

ModelConfig SmallConfigWithOptions() {
  ModelConfig config = SmallConfig();
  config.set_pooling(ModelConfig::MEAN);
  config.set_register_tokens(2);
  config.set_position_embedding(ModelConfig::SINCOS_2D);
  config.set_layer_scale(0.5);
  return config;
}

VisionTransformer MakeModel(const ModelConfig& config, uint64_t seed) {
  absl::StatusOr<VisionTransformer> model = VisionTransformer::Create(config, seed);
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

at::Tensor RandomImages(int64_t count, const ModelConfig& config, uint64_t seed) {
  at::Tensor images =
      at::empty({count, config.channels(), config.image_size(), config.image_size()});
  return images.normal_(0, 1, at::detail::createCPUGenerator(seed));
}

TensorMap ReferenceValues(std::string_view name) {
  const auto files = EmbeddedReferenceValues();
  const auto file = std::find_if(files.begin(), files.end(), [&](const EmbeddedFile& file) {
    return file.name == absl::StrCat(name, ".safetensors");
  });
  CHECK(file != files.end()) << name;
  absl::StatusOr<TensorMap> values = ParseSafetensors(std::string(file->contents));
  CHECK(values.ok()) << values.status();
  return *std::move(values);
}

}  // namespace vitrine
