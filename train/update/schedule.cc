#include "train/update/schedule.h"

#include <cmath>
#include <numbers>

namespace vitrine {

double LearningRate(const ScheduleConfig& schedule, int64_t iteration) {
  const double max = schedule.max_learning_rate(), min = schedule.min_learning_rate();
  if (schedule.kind() == ScheduleConfig::CONSTANT) return max;
  const int64_t warmup = schedule.warmup_iterations();
  if (iteration < warmup) return max * static_cast<double>(iteration + 1) / warmup;
  const double decay = static_cast<double>(schedule.iterations() - warmup);
  if (schedule.kind() == ScheduleConfig::AS_REPORTED) {
    return (max - min) * (1 + 0.5 * std::cos(std::numbers::pi * iteration / decay));
  }
  return min + (max - min) * 0.5 * (1 + std::cos(std::numbers::pi * (iteration - warmup) / decay));
}

}  // namespace vitrine
