// What a run that begins with another model's weights takes from that model's config.

#ifndef TRAIN_SETTINGS_INITIAL_CONFIG_H_
#define TRAIN_SETTINGS_INITIAL_CONFIG_H_

#include "train/settings/experiment.pb.h"

namespace vitrine {

// Fields that decide what the weights mean, where the config does not set them: of `model` all but
// the classes and what only training reads; of `data` how pixels are normalised and pictures framed
// for evaluation, and for training where the config has no transforms for that.
void TakeArchitecture(const ExperimentConfig& initial, ExperimentConfig* config);

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_INITIAL_CONFIG_H_
