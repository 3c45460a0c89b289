// How the config of a run has its images loaded.

#ifndef TRAIN_SETTINGS_LOADER_SPEC_H_
#define TRAIN_SETTINGS_LOADER_SPEC_H_

#include "ATen/core/Tensor.h"
#include "data/batches/loader.h"
#include "train/settings/experiment.pb.h"
#include "vit/config.h"

namespace vitrine {

inline ImageShape ImageShapeOf(const ModelConfig& config) {
  return {.channels = config.channels(),
          .size = {.width = static_cast<int>(ImageWidth(config)), .height = config.image_size()}};
}

inline LoaderSpec LoaderSpecOf(const ExperimentConfig& config, at::Device device) {
  return {.config = config.data(), .shape = ImageShapeOf(config.model()), .device = device};
}

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_LOADER_SPEC_H_
