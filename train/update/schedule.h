// The learning rate as a function of the iteration.

#ifndef TRAIN_UPDATE_SCHEDULE_H_
#define TRAIN_UPDATE_SCHEDULE_H_

#include <cstdint>

#include "train/settings/experiment.pb.h"

namespace vitrine {

// The learning rate of one iteration, counted from 0. experiment.proto has the formulas.
double LearningRate(const ScheduleConfig& schedule, int64_t iteration);

}  // namespace vitrine

#endif  // TRAIN_UPDATE_SCHEDULE_H_
