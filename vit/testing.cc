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
#include "vit/config.h"
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

std::vector<NamedConfig> SmallConfigs() {
  ModelConfig distilled = SmallConfig();
  distilled.set_distillation_token(true);
  distilled.set_class_token_position(false);
  distilled.set_patch_norms(false);
  distilled.set_patch_bias(false);
  distilled.set_embedding_norm(true);
  distilled.set_qkv_bias(false);
  distilled.set_activation(ModelConfig::QUICK_GELU);
  ModelConfig class_and_mean = SmallConfig();
  class_and_mean.set_pooling(ModelConfig::CLASS_AND_MEAN);
  class_and_mean.set_register_tokens(1);
  class_and_mean.set_layer_norm_epsilon(1e-6);
  class_and_mean.set_query_key_norm(ModelConfig::RMS_NORM);
  class_and_mean.set_activation(ModelConfig::SWIGLU);
  ModelConfig mean = SmallConfig();
  mean.set_pooling(ModelConfig::MEAN);
  mean.set_pooling_norm(ModelConfig::AFTER_MEAN);
  mean.set_class_token(true);
  mean.set_query_key_norm(ModelConfig::LAYER_NORM);
  mean.set_activation(ModelConfig::GELU_TANH);
  mean.set_image_width(12);
  return {{"Plain", SmallConfig()},
          {"Options", SmallConfigWithOptions()},
          {"Distilled", distilled},
          {"ClassAndMean", class_and_mean},
          {"NormAfterMean", mean}};
}

VisionTransformer MakeModel(const ModelConfig& config, uint64_t seed) {
  absl::StatusOr<VisionTransformer> model = VisionTransformer::Create(config, seed);
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

at::Tensor RandomImages(int64_t count, const ModelConfig& config, uint64_t seed) {
  at::Tensor images =
      at::empty({count, config.channels(), config.image_size(), ImageWidth(config)});
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
