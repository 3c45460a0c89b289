// Trains a Vision Transformer. README.md at the top has examples.

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "analysis/report.h"
#include "base/files/file.h"
#include "base/parallel/agreement.h"
#include "base/parallel/gpu_exchange_flags.h"
#include "base/parallel/process_flags.h"
#include "base/programs/memory.h"
#include "base/programs/program.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "gflags/gflags.h"
#include "glog/logging.h"
#include "train/checkpoint/open_model.h"
#include "train/experiment.h"
#include "train/run/run_folder.h"
#include "train/run/run_record.h"
#include "train/settings/config.h"
#include "train/settings/initial_config.h"
#include "train/settings/validate.h"

DEFINE_string(config, "quickstart", "a config of train/configs by name, or a textproto file");
DEFINE_string(
    data_dir, "",
    "the data set's folder, or the parent of mnist/, cifar-10-batches-bin/ or imagenet-100/");
DEFINE_string(run_dir, "", "the run's folder; default runs/<config>-<time>");
DEFINE_bool(resume, false, "go on with the run in --run_dir, or start it if it is not there");
DEFINE_string(
    init_from, "",
    "a checkpoint, a run, or weights of timm, transformers, torchvision or vit-pytorch, with "
    "which a new run begins; other classes get a new head, another image size resampled "
    "positions");
DEFINE_bool(
    test, true,
    "evaluate the test split at the end; --notest leaves that to a later --resume, as tuning "
    "does, which may know minival alone");
DEFINE_bool(report, true, "write report.html into the run's folder at the end");
DEFINE_bool(dry_run, false,
            "check and print the config, the parameter count and the data, and stop");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train -- [flags] [field.path=value ...]\n"
    "Trains a Vision Transformer; field.path=value overrides a field of the config, as in "
    "schedule.iterations=10.";

absl::Status CheckFlags() {
  if (FLAGS_resume && FLAGS_run_dir.empty()) return UsageError("--resume: needs --run_dir");
  return absl::OkStatus();
}

bool IsResumed() { return FLAGS_resume && RunFolder::Exists(UserPath(FLAGS_run_dir)); }

// The config of the flags and overrides; what they leave open is a resumed run's.
absl::StatusOr<ExperimentConfig> GivenConfig(const std::vector<std::string>& overrides) {
  const bool is_given = !gflags::GetCommandLineFlagInfoOrDie("config").is_default;
  const bool is_resumed = IsResumed();
  ExperimentConfig config;
  if (is_given || !is_resumed) {
    ASSIGN_OR_RETURN(config, LoadConfig(FLAGS_config));
  }
  ExperimentConfig run;
  if (is_resumed) {
    ASSIGN_OR_RETURN(run, RunFolder::ReadConfig(UserPath(FLAGS_run_dir)));
    TakeUnsetFields(run, &config);
  }
  RETURN_IF_ERROR(ApplyOverrides(overrides, &config));
  if (is_resumed) TakeOpenChoices(run, &config);
  return config;
}

// As configs do that are for a model that was trained before.
bool LeavesTheModelOpen(const ModelConfig& model) {
  return model.has_num_classes() && model.num_classes() == 0 && !model.has_image_size() &&
         !model.has_patch_size() && !model.has_depth() && !model.has_width();
}

// Of --init_from, for a new run.
absl::StatusOr<std::optional<InitialModel>> OpenInitial(const ExperimentConfig& config) {
  if (IsResumed()) return std::nullopt;
  if (FLAGS_init_from.empty() && LeavesTheModelOpen(config.model())) {
    return UsageError(absl::StrCat("--init_from: needs a model, which config ", config.name(),
                                   " does not describe; to train a new one give it "
                                   "model.image_size, patch_size, depth, width and heads"));
  }
  if (FLAGS_init_from.empty()) return std::nullopt;
  return OpenInitialModel(UserPath(FLAGS_init_from), config);
}

// With what is left open: that of the initial model, or what is usual.
absl::StatusOr<ExperimentConfig> WholeConfig(const std::vector<std::string>& overrides,
                                             at::Device device,
                                             std::optional<InitialModel>* initial) {
  ASSIGN_OR_RETURN(ExperimentConfig config, GivenConfig(overrides));
  ASSIGN_OR_RETURN(*initial, OpenInitial(config));
  if (*initial) TakeArchitecture((*initial)->checkpoint.manifest.config(), &config);
  RETURN_IF_ERROR(CompleteConfig(device, &config));
  return config;
}

// Rank 0's, which alone reads the run's folder and what a new run begins with.
absl::StatusOr<ExperimentConfig> SharedConfig(const std::vector<std::string>& overrides,
                                              at::Device device, ProcessGroup* group,
                                              std::optional<InitialModel>* initial) {
  if (group->size() == 1) return WholeConfig(overrides, device, initial);
  const auto serialized = [&]() -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const ExperimentConfig config, WholeConfig(overrides, device, initial));
    return config.SerializeAsString();
  };
  ASSIGN_OR_RETURN(const std::string text, FromRankZero(group, serialized));
  ExperimentConfig config;
  if (!config.ParseFromString(text)) return absl::InternalError("rank 0 sent no config");
  return config;
}

ExperimentOptions Options(const std::string& config_name) {
  ExperimentOptions options;
  options.data_dir = UserPath(FLAGS_data_dir);
  const std::string time = absl::FormatTime("%Y%m%d-%H%M%S", absl::Now(), absl::LocalTimeZone());
  const std::string run_dir =
      FLAGS_run_dir.empty() ? absl::StrCat("runs/", config_name, "-", time) : FLAGS_run_dir;
  options.run_dir = UserPath(run_dir);
  options.run_dir_is_chosen = !FLAGS_run_dir.empty();
  options.resume = FLAGS_resume;
  options.tests = FLAGS_test;
  return options;
}

constexpr char kReport[] = "report.html";

// The run has its result, whatever becomes of the report.
void TryToReport(const std::filesystem::path& run_dir, const std::filesystem::path& data_dir,
                 at::Device device) {
  const std::filesystem::path output = run_dir / kReport;
  const absl::Status status =
      WriteReport({run_dir}, {.data_dir = data_dir, .device = device}, output);
  if (status.ok()) {
    std::cout << output.string() << std::endl;
  } else {
    LOG(WARNING) << "no report: " << status.message();
  }
}

absl::Status Run(const std::vector<std::string>& overrides) {
  OutliveConsole();
  RETURN_IF_ERROR(CheckFlags());
  if (StartsProcesses()) return RunProcesses();
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, JoinProcesses(overrides));
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  std::optional<InitialModel> initial;
  ASSIGN_OR_RETURN(const ExperimentConfig config,
                   AsUsageError(SharedConfig(overrides, device, group.get(), &initial)));
  RETURN_IF_ERROR(AsUsageError(CheckProcesses(config.shards(), group->size())));
  const ExperimentOptions options = Options(config.name());
  if (FLAGS_dry_run) return DryRun(config, options, device, initial);
  RETURN_IF_ERROR(AsUsageError(CheckAvailable(config, device)));
  RETURN_IF_ERROR(ChooseGpuExchange(group.get(), device));
  KeepFreedMemory();
  // A report that is older than the end of its run may be of half the run.
  const bool has_report =
      IsFinished(options.run_dir / "run.json") && Exists(options.run_dir / kReport);
  ASSIGN_OR_RETURN(const std::filesystem::path run_dir,
                   RunExperiment(config, options, device, std::move(initial), group.get()));
  if (FLAGS_report && !has_report && group->rank() == 0)
    TryToReport(run_dir, options.data_dir, device);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
