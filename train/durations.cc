#include "train/durations.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

// Checkpoints have nine digits.
constexpr double kMaxIterations = 999'999'999;

int64_t Rounded(double iterations) {
  if (iterations == 0) return 0;
  return std::max<int64_t>(1, std::llround(std::min(iterations, kMaxIterations)));
}

}  // namespace

absl::Status SettleDurations(int64_t iterations_per_epoch, ExperimentConfig* config) {
  ScheduleConfig& schedule = *config->mutable_schedule();
  const double exact = schedule.has_epochs() ? schedule.epochs() * iterations_per_epoch
                                             : static_cast<double>(schedule.iterations());
  if (exact > kMaxIterations) {
    return absl::InvalidArgumentError(absl::StrCat("schedule.iterations: ", exact, " is more than ",
                                                   static_cast<int64_t>(kMaxIterations)));
  }
  const int64_t total = Rounded(exact);
  schedule.set_iterations(total);

  if (schedule.has_warmup_epochs()) {
    schedule.set_warmup_iterations(Rounded(schedule.warmup_epochs() * iterations_per_epoch));
  } else if (schedule.has_warmup_fraction()) {
    schedule.set_warmup_iterations(Rounded(schedule.warmup_fraction() * total));
  }
  if (schedule.warmup_iterations() > 0 && schedule.warmup_iterations() >= total) {
    return absl::InvalidArgumentError(
        absl::StrCat("schedule.warmup_iterations: the warm-up of ", schedule.warmup_iterations(),
                     " must be below the run's ", total, " iterations"));
  }

  // These have the same fields.
  const auto settle_interval = [&](auto& interval) {
    if (interval.has_every_epochs()) {
      interval.set_every_iterations(Rounded(interval.every_epochs() * iterations_per_epoch));
    } else if (interval.has_every_fraction()) {
      interval.set_every_iterations(Rounded(interval.every_fraction() * total));
    }
  };
  settle_interval(*config->mutable_validation());
  settle_interval(*config->mutable_checkpoint());
  SwaConfig& swa = *config->mutable_swa();
  settle_interval(swa);
  if (!swa.has_start_iteration()) swa.set_start_iteration(Rounded(swa.start_fraction() * total));
  const int64_t interval = swa.every_iterations();
  if (interval > 0 && total / interval * interval < std::max(swa.start_iteration(), interval)) {
    return absl::InvalidArgumentError(absl::StrCat("swa.every_iterations: no multiple of ",
                                                   interval, " is from ", swa.start_iteration(),
                                                   " to the run's ", total, " iterations"));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
