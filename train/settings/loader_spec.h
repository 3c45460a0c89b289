// How the config of a run has its images loaded.

#ifndef TRAIN_SETTINGS_LOADER_SPEC_H_
#define TRAIN_SETTINGS_LOADER_SPEC_H_

#include "ATen/core/Tensor.h"
#include "data/batches/loader.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

inline LoaderSpec LoaderSpecOf(const ExperimentConfig& config, at::Device device) {
  return {.config = config.data(),
          .shape = {.channels = config.model().channels(), .size = config.model().image_size()},
          .device = device};
}

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_LOADER_SPEC_H_
