// Experiment configs: found by name or file, overridden field by field, and completed.
//
//   ASSIGN_OR_RETURN(ExperimentConfig config, LoadConfig("step2"));
//   RETURN_IF_ERROR(ApplyOverrides({"schedule.iterations=10"}, &config));
//   FillDefaults(&config);

#ifndef TRAIN_SETTINGS_CONFIG_H_
#define TRAIN_SETTINGS_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// The configs of train/configs, which are part of the program.
std::vector<std::string> ConfigNames();

// A config by name, or from a text file: a path has a dot or a slash in it, a name has neither.
// Unknown fields are refused, with their line.
absl::StatusOr<ExperimentConfig> LoadConfig(const std::string& name_or_file);

// Parses a config in text form; `source` is what an error names.
absl::StatusOr<ExperimentConfig> ParseConfig(std::string_view text, std::string_view source);

// Sets one field, as in "data.batch_size=64", "precision=BF16" or "data.mean=[0.5, 0.4, 0.3]".
absl::Status ApplyOverride(std::string_view assignment, ExperimentConfig* config);
absl::Status ApplyOverrides(const std::vector<std::string>& assignments, ExperimentConfig* config);

// Takes from the run that a config is to go on with the name, and the fields that it does not set;
// a list whole.
void TakeUnsetFields(const ExperimentConfig& run, ExperimentConfig* config);

// Takes from that run what the config leaves to the machine: threads, AUTO and AUTO16.
void TakeOpenChoices(const ExperimentConfig& run, ExperimentConfig* config);

// Writes every default into the message, at any depth, so that the text form shows all that holds.
// Of several fields that exclude each other the first has the default.
void FillDefaults(google::protobuf::Message* message);

// The same for a config that a run has recorded, whose program may not have had all of the fields.
void FillDefaultsOfOlder(ExperimentConfig* config);

std::string ConfigText(const ExperimentConfig& config);

// The fields in which two configs differ, on one line; empty when they are equal.
std::string ConfigDifferences(const ExperimentConfig& a, const ExperimentConfig& b);

// The same without the fields that a run may go on with another value of: they decide how images
// are read, not which.
std::string ResumeDifferences(ExperimentConfig a, ExperimentConfig b);

}  // namespace vitrine

#endif  // TRAIN_SETTINGS_CONFIG_H_
