// What a run's precision is to autocast.

#ifndef TRAIN_UPDATE_AUTOCAST_TYPE_H_
#define TRAIN_UPDATE_AUTOCAST_TYPE_H_

#include <optional>

#include "c10/core/ScalarType.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The type of BF16 and FP16; none for FP32. AUTO16 must have been settled.
std::optional<at::ScalarType> AutocastType(ExperimentConfig::Precision precision);

}  // namespace vitrine

#endif  // TRAIN_UPDATE_AUTOCAST_TYPE_H_
