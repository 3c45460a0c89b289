// Lengths of time, given in iterations, epochs or fractions of the run, settled as iterations.

#ifndef TRAIN_SETTINGS_DURATIONS_H_
#define TRAIN_SETTINGS_DURATIONS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// Replaces every length that is in epochs or a fraction by iterations, rounded to the nearest and
// at least 1 where it is not 0. The config has no other problems; an error if the warm-up turns out
// as long as the run, or the run too long to count.
absl::Status SettleDurations(int64_t iterations_per_epoch, ExperimentConfig* config);

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_DURATIONS_H_
