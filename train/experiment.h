// One run from its config to its result: what //train does once its flags are understood.

#ifndef TRAIN_EXPERIMENT_H_
#define TRAIN_EXPERIMENT_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "train/experiment.pb.h"

namespace vitrine {

struct ExperimentPaths {
  std::filesystem::path data_dir;  // empty: not given
  std::filesystem::path run_dir;
};

// Settles what the config leaves to the machine: the number of threads.
void SettleThreads(ExperimentConfig* config);

// Prints the config, the parameter count, what cannot be trained yet, and, where the data can be
// read, a summary of it. Trains nothing.
absl::Status DryRun(const ExperimentConfig& config, const ExperimentPaths& paths);

// Trains, or goes on, and evaluates on the test split.
absl::Status RunExperiment(const ExperimentConfig& config, const ExperimentPaths& paths,
                           bool resume);

}  // namespace vitrine

#endif  // TRAIN_EXPERIMENT_H_
