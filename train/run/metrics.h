// metrics.csv and validation.csv: a line for each logged iteration and for each evaluation, exactly
// once, also when a run was killed and resumed.

#ifndef TRAIN_RUN_METRICS_H_
#define TRAIN_RUN_METRICS_H_

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

// A CSV file that grows by rows.
class CsvFile {
 public:
  // Opens the file to append. Of an existing one only the rows for which `keep` is true of its
  // cells stay: a resumed run does the updates after its checkpoint again, and writes their rows
  // again. Lines that are no rows, as after editing by hand, are dropped with a warning, and there
  // is one if fewer than `least` rows stay.
  using Cells = std::vector<std::string_view>;
  static absl::StatusOr<CsvFile> Open(const std::filesystem::path& path, const std::string& header,
                                      absl::FunctionRef<bool(const Cells&)> keep,
                                      int64_t least = 0);

  // Appends one row, which reaches the operating system at once.
  absl::Status Append(const std::string& row);

 private:
  explicit CsvFile(const std::filesystem::path& path);

  std::filesystem::path path_;
  std::ofstream stream_;
};

// One logged iteration.
struct IterationMetrics {
  int64_t iteration = 0;
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  double milliseconds = 0;   // wall time of the iteration, waiting for data included

  // Since the row before: the rate of training, without validation and checkpoints, and the share
  // of that time in which the model waited for its batch.
  double images_per_second = 0;
  double data_wait = 0;

  double loss_scale = 1;  // other than 1 with FP16 only
  int64_t epoch = 0;      // passes over the training split begun before, from 0
};

inline constexpr char kMetricsHeader[] =
    "iteration,loss,learning_rate,gradient_norm,milliseconds,images_per_second,data_wait,"
    "loss_scale,epoch";
std::string CsvRow(const IterationMetrics& metrics);

// metrics.csv of a run that has completed so many updates and logs one of `every`.
absl::StatusOr<CsvFile> OpenMetrics(const std::filesystem::path& path, int64_t iteration,
                                    int64_t every);

}  // namespace vitrine

#endif  // TRAIN_RUN_METRICS_H_
