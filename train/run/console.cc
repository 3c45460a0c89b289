#include "train/run/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "train/update/gradient.h"

namespace vitrine {
namespace {

constexpr int kBarWidth = 30;

std::string Duration(double seconds) {
  const int64_t s = static_cast<int64_t>(seconds + 0.5);
  if (s < 3600) return absl::StrFormat("%d:%02d", s / 60, s % 60);
  return absl::StrFormat("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

std::string WithCommas(int64_t number) {
  if (number < 1000) return absl::StrCat(number);
  return absl::StrFormat("%s,%03d", WithCommas(number / 1000), number % 1000);
}

std::string Table(const std::vector<std::pair<std::string, std::string>>& rows) {
  size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : rows) {
    absl::StrAppend(&text, name, std::string(width + 2 - name.size(), ' '), value, "\n");
  }
  return text;
}

std::string IterationLine(const ExperimentConfig& config, const IterationMetrics& metrics) {
  std::string line =
      absl::StrFormat("%d/%d  %.4f  %.4f ms", metrics.iteration, config.schedule().iterations(),
                      metrics.loss, metrics.milliseconds);
  if (config.schedule().kind() != ScheduleConfig::CONSTANT || config.optimizer().clip_norm() > 0) {
    absl::StrAppendFormat(&line, "   norm:%.4f", metrics.gradient_norm);
    if (config.optimizer().clip_order() == OptimizerConfig::AS_REPORTED_SCALED) {
      const double scale = config.precision() == ExperimentConfig::FP16
                               ? metrics.loss_scale
                               : ReportedLossScale(metrics.iteration);
      absl::StrAppendFormat(&line, " (scaled:%.4f)", metrics.gradient_norm * scale);
    }
    absl::StrAppendFormat(&line, "   lr:%.4e", metrics.learning_rate);
  }
  return line;
}

ProgressBar::ProgressBar(int64_t first, int64_t total)
    : first_(first),
      total_(total),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()) {}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Update(int64_t done) {
  const Clock::time_point now = Clock::now();
  if (!is_terminal_ || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::fprintf(stderr, "\r\033[K%s", ProgressText(done, total_, (done - first_) / seconds).c_str());
}

void ProgressBar::Clear() {
  if (is_terminal_) std::fputs("\r\033[K", stderr);
}

std::string ProgressText(int64_t done, int64_t total, double iterations_per_second) {
  const int filled = static_cast<int>(kBarWidth * done / total);
  const std::string left =
      iterations_per_second > 0 ? Duration((total - done) / iterations_per_second) : "-:--";
  return absl::StrFormat("[%s%s] %3d %%  %d/%d  %.1f it/s  %s left", std::string(filled, '='),
                         std::string(kBarWidth - filled, ' '), 100 * done / total, done, total,
                         iterations_per_second, left);
}

}  // namespace vitrine
