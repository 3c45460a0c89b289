#include "train/measure/measured_config.h"

#include "base/status_macros.h"
#include "train/experiment.h"
#include "train/settings/config.h"

namespace vitrine {

absl::StatusOr<ExperimentConfig> MeasuredConfig(const std::string& name_or_file,
                                                const std::vector<std::string>& overrides,
                                                at::Device device) {
  ASSIGN_OR_RETURN(ExperimentConfig config, LoadConfig(name_or_file));
  RETURN_IF_ERROR(ApplyOverrides(overrides, &config));
  RETURN_IF_ERROR(CompleteConfig(device, &config));
  return config;
}

}  // namespace vitrine
