// The config that tests of training steps share.

#ifndef TRAIN_SMALL_CONFIG_H_
#define TRAIN_SMALL_CONFIG_H_

#include <string>
#include <vector>

#include "train/settings/experiment.pb.h"

namespace vitrine {

// Of a model of two narrow blocks on grey images of 8 x 8 pixels and four classes.
ExperimentConfig SmallConfig(const std::vector<std::string>& overrides);

}  // namespace vitrine

#endif  // TRAIN_SMALL_CONFIG_H_
