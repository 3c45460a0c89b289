// One run from its config to its result: what //train does once its flags are understood.

#ifndef TRAIN_EXPERIMENT_H_
#define TRAIN_EXPERIMENT_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "c10/core/Device.h"
#include "train/checkpoint/open_model.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

struct ExperimentOptions {
  std::filesystem::path data_dir;  // empty: not given
  std::filesystem::path run_dir;
  bool run_dir_is_chosen = true;  // false: where it is taken the run gets a folder beside it
  bool resume = false;            // goes on with the run that is there
  bool tests = true;              // false: the run can be tested later, by resuming it
};

// Makes a config as it was loaded and overridden one that can be trained: writes all defaults, and
// settles what is left to the machine, the number of threads and the type of AUTO and AUTO16.
// Everything that is wrong then is one line of the error.
absl::Status CompleteConfig(at::Device device, ExperimentConfig* config);

// Has the processor compute as the config says, which is part of its results: with so many threads,
// and with fused kernels only where they are right. In milliseconds.
absl::Status PrepareProcessor(const ExperimentConfig& config, at::Device device);

// Prints the config, the parameter count, what cannot be trained yet, and, where the data can be
// read, a summary of it. Trains nothing. Refuses what a run would that began with `initial`.
absl::Status DryRun(ExperimentConfig config, const ExperimentOptions& options, at::Device device,
                    const std::optional<InitialModel>& initial);

// Trains, or goes on, and evaluates on the test split, together with the group's other processes,
// of which there is a number that can share the config's shards (CheckProcesses),
// which take config, weights and what the run's folder holds from rank 0. A new run begins with the
// weights of `initial`. Returns the run's folder.
absl::StatusOr<std::filesystem::path> RunExperiment(ExperimentConfig config,
                                                    const ExperimentOptions& options,
                                                    at::Device device,
                                                    std::optional<InitialModel> initial,
                                                    ProcessGroup* group);

}  // namespace vitrine

#endif  // TRAIN_EXPERIMENT_H_
