// Whether an experiment config can mean anything, and whether this program can train it.

#ifndef TRAIN_SETTINGS_VALIDATE_H_
#define TRAIN_SETTINGS_VALIDATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "c10/core/Device.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// Everything that is wrong with the config, one line a problem, which begins with the field's name.
// What depends on the size of the data set is checked by SettleDurations.
std::vector<std::string> ConfigProblems(const ExperimentConfig& config);

// InvalidArgument if so many processes cannot share the shards of each batch.
absl::Status CheckProcesses(int shards, int processes);

// InvalidArgument if the config validates during the run and minival has no images.
absl::Status CheckMinival(const ExperimentConfig& config, int64_t minival_size);

// What the config asks for that cannot be trained yet on the device, one line each.
std::vector<std::string> Unavailable(const ExperimentConfig& config, at::Device device);

// The same as InvalidArgument, where there is any.
absl::Status CheckAvailable(const ExperimentConfig& config, at::Device device);

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_VALIDATE_H_
