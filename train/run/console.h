// What a run shows while it runs: a table before the first line, the lines that the steps were
// reported with, and on a terminal a progress bar.

#ifndef TRAIN_RUN_CONSOLE_H_
#define TRAIN_RUN_CONSOLE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "train/run/metrics.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// A count that is not negative: 28414506 as "28,414,506".
std::string WithCommas(int64_t number);

// Rows of name and value, the values in one column.
std::string Table(const std::vector<std::pair<std::string, std::string>>& rows);

// "100/1000  0.8162  88.0437 ms", and, where the learning rate changes or gradients are clipped,
// "   norm:7.2206   lr:7.9537e-04" behind it. With clip_order AS_REPORTED_SCALED the norm of the
// scaled gradients stands beside the true one.
std::string IterationLine(const ExperimentConfig& config, const IterationMetrics& metrics);

// A bar with the share done, the rate and the time left, drawn over itself on stderr. Where stderr
// is no terminal nothing is drawn.
class ProgressBar {
 public:
  // `first` iterations of `total` were done before this process began.
  ProgressBar(int64_t first, int64_t total);
  ~ProgressBar();

  // Draws at most ten times a second.
  void Update(int64_t done);

  // Removes the bar, so that a line can be printed in its place.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  const int64_t first_, total_;
  const bool is_terminal_;
  const Clock::time_point start_;
  Clock::time_point drawn_;
};

// The bar's text: share done, iterations, rate and time left.
std::string ProgressText(int64_t done, int64_t total, double iterations_per_second);

}  // namespace vitrine

#endif  // TRAIN_RUN_CONSOLE_H_
