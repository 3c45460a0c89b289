#include "train/update/autocast_type.h"

#include "glog/logging.h"

namespace vitrine {

std::optional<at::ScalarType> AutocastType(ExperimentConfig::Precision precision) {
  switch (precision) {
    case ExperimentConfig::FP32:
      return std::nullopt;
    case ExperimentConfig::BF16:
      return at::kBFloat16;
    case ExperimentConfig::FP16:
      return at::kHalf;
    case ExperimentConfig::AUTO16:
      break;
  }
  LOG(FATAL) << "precision has not been settled";
}

}  // namespace vitrine
