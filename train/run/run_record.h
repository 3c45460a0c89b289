// run.json: what a run ran on, and how it ended.

#ifndef TRAIN_RUN_RUN_RECORD_H_
#define TRAIN_RUN_RUN_RECORD_H_

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "eval/evaluator.h"
#include "train/checkpoint/checkpoint.pb.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The iteration with a checkpoint and the lowest loss on minival.
using BestCheckpoint = CheckpointManifest::Best;

using NamedEvaluations = std::vector<std::pair<std::string, Evaluation>>;

struct RunRecord {
  std::string data;              // the data set in a line, with the identifier of its class list
  std::string device;            // "cpu" or "cuda:0"
  int processes = 1;             // that share the work
  std::string initialised_from;  // the checkpoint whose weights the run began with, where it did
  int64_t parameters = 0;
  double wall_seconds = 0;             // of the process that finished the run
  std::optional<BestCheckpoint> best;  // where the config validates
  bool is_trained = false;             // to the end
  std::optional<Evaluation> test;      // there once the run is finished
  // The same of each average of the weights, "ema" or "swa", where there is one.
  NamedEvaluations test_averages;
};

// Whether the record there is of a run that was trained and evaluated to the end.
bool IsFinished(const std::filesystem::path& path);

// The CpuCapability() in the record there; empty if there is none.
std::string RecordedProcessor(const std::filesystem::path& path);

// What the record there was initialised from; empty if from nothing.
std::string RecordedOrigin(const std::filesystem::path& path);

absl::Status WriteRunRecord(const std::filesystem::path& path, const ExperimentConfig& config,
                            const RunRecord& record);

}  // namespace vitrine

#endif  // TRAIN_RUN_RUN_RECORD_H_
