// The config that a measurement trains with.

#ifndef TRAIN_MEASURE_MEASURED_CONFIG_H_
#define TRAIN_MEASURE_MEASURED_CONFIG_H_

#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The config of the name or file (LoadConfig), overridden by "field.path=value", and whole for the
// device (CompleteConfig).
absl::StatusOr<ExperimentConfig> MeasuredConfig(const std::string& name_or_file,
                                                const std::vector<std::string>& overrides,
                                                at::Device device);

}  // namespace vitrine

#endif  // TRAIN_MEASURE_MEASURED_CONFIG_H_
