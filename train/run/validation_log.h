// validation.csv: a row for each evaluation of a run.

#ifndef TRAIN_RUN_VALIDATION_LOG_H_
#define TRAIN_RUN_VALIDATION_LOG_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "data/split.h"
#include "eval/evaluator.h"
#include "train/run/metrics.h"

namespace vitrine {

// The log of a run that has completed so many updates. Rows of the test split, which are
// the last thing that a run writes, are dropped: the run that goes on will write them again.
absl::StatusOr<CsvFile> OpenValidationLog(const std::filesystem::path& path, int64_t iteration);

// `split` is its name, with "_ema" behind it where the moving average of the weights was evaluated.
std::string ValidationRow(int64_t iteration, std::string_view split, const Evaluation& evaluation);

}  // namespace vitrine

#endif  // TRAIN_RUN_VALIDATION_LOG_H_
