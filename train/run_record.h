// run.json: what a run ran on, and how it ended.

#ifndef TRAIN_RUN_RECORD_H_
#define TRAIN_RUN_RECORD_H_

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "eval/evaluator.h"
#include "train/experiment.pb.h"

namespace vitrine {

struct RunRecord {
  int64_t parameters = 0;
  double wall_seconds = 0;         // of the process that finished the run
  std::optional<Evaluation> test;  // there once the run is finished
};

// The instruction set that libtorch chose on this machine, as "AVX512".
std::string CpuCapability();

std::string TorchVersion();

// Whether the record there is of a run that was trained and evaluated to the end.
bool IsFinished(const std::filesystem::path& path);

absl::Status WriteRunRecord(const std::filesystem::path& path, const ExperimentConfig& config,
                            const RunRecord& record);

}  // namespace vitrine

#endif  // TRAIN_RUN_RECORD_H_
