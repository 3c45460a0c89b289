// Computes the first iteration of a run with both kinds of kernels and in float64, and prints how
// far each is from the exact result.

#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "train/experiment.h"
#include "train/measure/kernel_errors.h"
#include "train/measure/measured_config.h"
#include "train/measure/random_batch.h"

DEFINE_string(config, "quickstart", "a config of train/configs by name, or a textproto file");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train/measure:compare_kernels -- [flags] [field.path=value ...]\n"
    "Prints how far logits and gradients of both kinds of kernels are from those of float64.";

absl::StatusOr<ExperimentConfig> ResolveConfig(const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const ExperimentConfig config,
                   MeasuredConfig(FLAGS_config, overrides, at::kCPU));
  if (config.precision() == ExperimentConfig::FP16) {
    return UsageError("precision: fused kernels have FP32 and BF16");
  }
  return config;
}

absl::Status Run(const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const ExperimentConfig config, AsUsageError(ResolveConfig(overrides)));
  RETURN_IF_ERROR(PrepareProcessor(config, at::kCPU));
  ASSIGN_OR_RETURN(const KernelErrors errors,
                   MeasureKernelErrors(config, RandomBatch(config, at::kCPU)));
  std::cout << absl::StrFormat(
      "%s, %s: logits and gradients of %d random images against those of float64.\n"
      "An error is a share of the root mean square of its tensor.\n\n",
      config.name(), ExperimentConfig::Precision_Name(config.precision()),
      config.data().batch_size());
  std::cout << Describe(errors);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
