// validation.csv: a row for each evaluation of a run.

#ifndef TRAIN_VALIDATION_LOG_H_
#define TRAIN_VALIDATION_LOG_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "data/split.h"
#include "eval/evaluator.h"
#include "train/metrics.h"

namespace vitrine {

// The log of a run that has completed so many updates. A row of the test split, which is the last
// thing that a run writes, is dropped: the run that goes on will write it again.
absl::StatusOr<CsvFile> OpenValidationLog(const std::filesystem::path& path, int64_t iteration);

std::string ValidationRow(int64_t iteration, Split split, const Evaluation& evaluation);

}  // namespace vitrine

#endif  // TRAIN_VALIDATION_LOG_H_
