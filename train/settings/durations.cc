#include "train/settings/durations.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

// Checkpoints have nine digits.
constexpr double kMaxIterations = 999'999'999;

int64_t Rounded(double iterations) {
  if (iterations == 0) return 0;
  return std::max<int64_t>(1, std::llround(std::min(iterations, kMaxIterations)));
}

absl::Status SettleLength(int64_t iterations_per_epoch, ScheduleConfig* schedule) {
  const double exact = schedule->has_epochs() ? schedule->epochs() * iterations_per_epoch
                                              : static_cast<double>(schedule->iterations());
  if (exact > kMaxIterations) {
    return absl::InvalidArgumentError(absl::StrCat("schedule.iterations: ", exact, " is more than ",
                                                   static_cast<int64_t>(kMaxIterations)));
  }
  schedule->set_iterations(Rounded(exact));
  return absl::OkStatus();
}

absl::Status SettleWarmup(int64_t iterations_per_epoch, ScheduleConfig* schedule) {
  const int64_t total = schedule->iterations();
  if (schedule->has_warmup_epochs()) {
    schedule->set_warmup_iterations(Rounded(schedule->warmup_epochs() * iterations_per_epoch));
  } else if (schedule->has_warmup_fraction()) {
    // A part of the run, however short the run is.
    schedule->set_warmup_iterations(
        std::min(Rounded(schedule->warmup_fraction() * total), total - 1));
  }
  if (schedule->warmup_iterations() == 0 || schedule->warmup_iterations() < total) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("schedule.warmup_iterations: the warm-up of ", schedule->warmup_iterations(),
                   " must be below the run's ", total,
                   " iterations; lower it, or set schedule.warmup_fraction=0.1, which goes with a "
                   "run of any length"));
}

// Of any of the configs that have `every_iterations` and its like.
template <typename Config>
void SettleInterval(int64_t iterations_per_epoch, int64_t total, Config* config) {
  if (config->has_every_epochs()) {
    config->set_every_iterations(Rounded(config->every_epochs() * iterations_per_epoch));
  } else if (config->has_every_fraction()) {
    config->set_every_iterations(Rounded(config->every_fraction() * total));
  }
}

absl::Status SettleSwa(int64_t iterations_per_epoch, int64_t total, SwaConfig* swa) {
  SettleInterval(iterations_per_epoch, total, swa);
  if (!swa->has_start_iteration()) swa->set_start_iteration(Rounded(swa->start_fraction() * total));
  const int64_t interval = swa->every_iterations(), start = swa->start_iteration();
  if (interval == 0 || total / interval * interval >= std::max(start, interval)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("swa.every_iterations: no multiple of ", interval,
                                                 " is from ", start, " to the run's ", total,
                                                 " iterations"));
}

}  // namespace

absl::Status SettleDurations(int64_t iterations_per_epoch, ExperimentConfig* config) {
  ScheduleConfig* const schedule = config->mutable_schedule();
  RETURN_IF_ERROR(SettleLength(iterations_per_epoch, schedule));
  RETURN_IF_ERROR(SettleWarmup(iterations_per_epoch, schedule));
  const int64_t total = schedule->iterations();
  SettleInterval(iterations_per_epoch, total, config->mutable_validation());
  SettleInterval(iterations_per_epoch, total, config->mutable_checkpoint());
  return SettleSwa(iterations_per_epoch, total, config->mutable_swa());
}

}  // namespace vitrine
