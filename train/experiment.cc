#include "train/experiment.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/csv.h"
#include "base/files/file.h"
#include "base/parallel/agreement.h"
#include "base/parallel/check_same.h"
#include "base/programs/processor.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device.h"
#include "data/batches/sampler.h"
#include "data/dataset.h"
#include "glog/logging.h"
#include "train/checkpoint/checkpoint.h"
#include "train/checkpoint/open_model.h"
#include "train/run/console.h"
#include "train/run/run_folder.h"
#include "train/run/run_log.h"
#include "train/run/run_record.h"
#include "train/settings/config.h"
#include "train/settings/durations.h"
#include "train/settings/loader_spec.h"
#include "train/settings/validate.h"
#include "train/trainer.h"
#include "train/update/autocast_type.h"
#include "train/update/parameter_rules.h"
#include "vit/adapt.h"
#include "vit/attention_kernel.h"
#include "vit/config.h"
#include "vit/fused/check_products.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

std::string DescribeModel(const ModelConfig& model) {
  return absl::StrFormat("ViT, %d blocks, %d heads, width %d, patches of %d x %d in %d x %d x %d",
                         model.depth(), model.heads(), model.width(), model.patch_size(),
                         model.patch_size(), model.image_size(), ImageWidth(model),
                         model.channels());
}

std::string DescribeData(const Dataset& dataset, const ModelConfig& model) {
  const bool makes_grey = !dataset.size && model.channels() == 1;
  return absl::StrCat(dataset.Summary(), makes_grey ? ", read in grey" : "");
}

std::string DescribeBatch(const ExperimentConfig& config) {
  const int size = config.data().batch_size();
  if (config.shards() == 1) return absl::StrCat(size);
  return absl::StrCat(size, ", in ", config.shards(), " shards");
}

std::string DescribeSchedule(const ScheduleConfig& schedule) {
  std::string text =
      absl::StrFormat("%s iterations, %s, learning rate %g", WithCommas(schedule.iterations()),
                      ScheduleConfig::Kind_Name(schedule.kind()), schedule.max_learning_rate());
  if (schedule.kind() != ScheduleConfig::CONSTANT) {
    absl::StrAppendFormat(&text, " to %g, %d iterations of warm-up", schedule.min_learning_rate(),
                          schedule.warmup_iterations());
  }
  return text;
}

std::string DescribeKernels(const ExperimentConfig& config, at::Device device) {
  const std::string name = ExperimentConfig::Kernels_Name(config.kernels());
  if (device.is_cpu() || config.model().attention_dropout() > 0) return name;
  const auto type = AutocastType(config.precision()).value_or(at::kFloat);
  return absl::StrCat(name, ", attention by libtorch's ",
                      AttentionKernel(config.model(), config.data().batch_size(),
                                      at::TensorOptions(device).dtype(type)),
                      " kernel");
}

// Everything that matters, before the first line.
std::string StartTable(const ExperimentConfig& config, const RunFolder& folder,
                       const Dataset& dataset, const TrainState& state) {
  const at::Device device = state.device();
  return Table({
      {"run", folder.path().string()},
      {"config", config.name()},
      {"model", DescribeModel(config.model())},
      {"parameters", WithCommas(state.model().ParameterCount())},
      {"data", DescribeData(dataset, config.model())},
      {"batch", DescribeBatch(config)},
      {"optimizer", state.optimizer().Describe()},
      {"schedule", DescribeSchedule(config.schedule())},
      {"precision", ExperimentConfig::Precision_Name(config.precision())},
      {"kernels", DescribeKernels(config, device)},
      {"device", absl::StrCat(DescribeDevice(device), ", ", config.threads(), " threads")},
      {"seed", absl::StrCat(config.seed())},
  });
}

absl::Status InitializeFrom(const InitialModel& initial, Trainer* trainer) {
  const std::string path = initial.path.string();
  ASSIGN_OR_RETURN(const std::vector<std::string> changes,
                   Annotate(trainer->InitializeFrom(initial.checkpoint), path));
  std::cout << "initialised from " << path << std::endl;
  for (const std::string& change : changes) std::cout << "  " << change << std::endl;
  return absl::OkStatus();
}

absl::StatusOr<RunFolder> BeginFolder(const ExperimentConfig& config,
                                      const ExperimentOptions& options,
                                      const std::optional<InitialModel>& initial,
                                      Trainer* trainer) {
  std::optional<Checkpoint> first;
  if (initial) {
    RETURN_IF_ERROR(InitializeFrom(*initial, trainer));
    first = trainer->MakeCheckpoint();
  }
  std::filesystem::path run_dir = options.run_dir;
  if (!options.run_dir_is_chosen) {
    ASSIGN_OR_RETURN(run_dir, CreateNewFolder(run_dir));
  }
  return RunFolder::Create(run_dir, config, first);
}

// The last iteration in the log; -1 if it says nothing.
int64_t LastLogged(const RunFolder& folder) {
  const auto text = ReadFile(folder.metrics());
  if (!text.ok()) return -1;
  const auto table = CsvTable::Parse(*text);
  if (!table.ok() || table->rows() == 0) return -1;
  const auto iterations = table->Integers("iteration");
  return iterations.ok() ? iterations->back() : -1;
}

// A run without a checkpoint begins again, unless it had one. The first may have been on its way to
// the disk until the second was due.
absl::Status CheckNoneIsLost(const RunFolder& folder, const ExperimentConfig& config) {
  const int64_t interval = config.checkpoint().every_iterations();
  const bool had_one = !RecordedOrigin(folder.run_json()).empty() ||
                       (interval > 0 && LastLogged(folder) >= 2 * interval);
  if (!had_one) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat(folder.checkpoints().string(),
                   ": the run's checkpoints are gone; put one back, or start a new run in another "
                   "--run_dir"));
}

absl::Status ResumeFrom(const RunFolder& folder, const ExperimentConfig& config, Trainer* trainer) {
  ASSIGN_OR_RETURN(const auto checkpoints, ListCheckpoints(folder.checkpoints()));
  if (checkpoints.empty()) return CheckNoneIsLost(folder, config);  // from the beginning
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadNewestWhole(folder.checkpoints()));
  RETURN_IF_ERROR(trainer->Resume(checkpoint));
  if (trainer->iteration() > 0) {
    std::cout << "resumed after " << trainer->iteration() << " iterations" << std::endl;
  }
  return absl::OkStatus();
}

void WarnOfOtherProcessor(const RunFolder& folder) {
  const std::string before = RecordedProcessor(folder.run_json()), now = CpuCapability();
  if (before.empty() || before == now) return;
  LOG(WARNING) << "this run was on a processor with " << before << " and goes on with " << now
               << ", which rounds in another order: its bits are no longer those of a run on one";
}

// The run's folder, and the trainer where the run is; nothing if the run is finished.
absl::StatusOr<std::optional<RunFolder>> OpenFolder(const ExperimentConfig& config,
                                                    const ExperimentOptions& options,
                                                    const std::optional<InitialModel>& initial,
                                                    const Dataset& dataset, Trainer* trainer) {
  const bool begun = options.resume && RunFolder::Exists(options.run_dir);
  ASSIGN_OR_RETURN(RunFolder folder, begun ? RunFolder::Resume(options.run_dir, config)
                                           : BeginFolder(config, options, initial, trainer));
  if (options.resume && IsFinished(folder.run_json())) return std::nullopt;
  std::cout << StartTable(config, folder, dataset, trainer->state()) << std::endl;
  RETURN_IF_ERROR(ResumeFrom(folder, config, trainer));
  if (trainer->iteration() > 0) WarnOfOtherProcessor(folder);
  return folder;
}

// What rank 0 answers; the others are not asked.
absl::StatusOr<bool> SayFromRankZero(ProcessGroup* group,
                                     absl::FunctionRef<absl::StatusOr<bool>()> ask) {
  ASSIGN_OR_RETURN(const std::string answer,
                   FromRankZero(group, [&]() -> absl::StatusOr<std::string> {
                     ASSIGN_OR_RETURN(const bool yes, ask());
                     return yes ? "yes" : "no";
                   }));
  return answer == "yes";
}

template <typename T>
T* AddressOf(std::optional<T>& value) {
  return value ? &*value : nullptr;
}

// What the config leaves to the data.
absl::Status SettleForData(const Dataset& dataset, ExperimentConfig* config) {
  ModelConfig& model = *config->mutable_model();
  if (model.num_classes() == 0) model.set_num_classes(dataset.class_names.size());
  ASSIGN_OR_RETURN(const auto sampler,
                   Sampler::Create(config->seed(), dataset.train->size(), config->data()));
  return SettleDurations(sampler->iterations_per_epoch(), config);
}

// The data set, and what it settles of the config.
absl::StatusOr<Dataset> LoadData(const ExperimentOptions& options, ExperimentConfig* config) {
  ASSIGN_OR_RETURN(Dataset dataset, LoadDataset(config->data(), options.data_dir));
  RETURN_IF_ERROR(AsUsageError(SettleForData(dataset, config)));
  RETURN_IF_ERROR(AsUsageError(CheckMinival(*config, dataset.minival->size())));
  return dataset;
}

// Whether the run has come to its end, as far as that can be said without its data: lengths in
// epochs are still to be settled.
bool IsKnownToBeFinished(const ExperimentOptions& options, const ExperimentConfig& config) {
  return RunFolder::Exists(options.run_dir) && IsFinished(options.run_dir / "run.json") &&
         RunFolder::Resume(options.run_dir, config).ok();
}

std::filesystem::path SayFinished(const std::filesystem::path& run_dir) {
  std::cout << run_dir.string() << ": this run is finished" << std::endl;
  return run_dir;
}

std::string EndLines(const RunRecord& record) {
  if (!record.test) return absl::StrFormat("\ntrained in %.1f s\n", record.wall_seconds);
  const Evaluation& test = *record.test;
  std::string text =
      absl::StrFormat("\ntest accuracy %.4f (%d of %d)  loss %.4f  in %.1f s\n", test.top1(),
                      test.correct_top1, test.count, test.loss(), record.wall_seconds);
  for (const auto& [name, average] : record.test_averages) {
    absl::StrAppendFormat(&text, "%s %.4f (%d of %d)  loss %.4f\n", name, average.top1(),
                          average.correct_top1, average.count, average.loss());
  }
  return text;
}

void WarnOfPlainAttention(const ExperimentConfig& config) {
  if (config.kernels() != ExperimentConfig::FUSED) return;
  if (config.model().attention_dropout() > 0) {
    LOG(WARNING) << "model.attention_dropout: attention is computed by libtorch's operators, since "
                    "fused ones never form the weights that are dropped";
  } else if (config.model().query_key_norm() != ModelConfig::NO_NORM) {
    LOG(WARNING) << "model.query_key_norm: attention is computed by libtorch's operators, since "
                    "fused ones normalise nothing";
  }
}

// Whether the run's parameters can begin as the initial model's, of any number of classes where the
// data did not settle it.
absl::Status CheckParameters(ExperimentConfig config, const std::optional<InitialModel>& initial) {
  if (config.model().num_classes() == 0) config.mutable_model()->set_num_classes(1);
  ASSIGN_OR_RETURN(const auto model, VisionTransformer::CreateShapesOnly(config.model()));
  RETURN_IF_ERROR(Trained(config.optimizer(), model.Parameters()).status());
  if (!initial) return absl::OkStatus();
  const Checkpoint& from = initial->checkpoint;
  return Annotate(AdaptTensors(from.manifest.config().model(), from.model, model).status(),
                  initial->path.string());
}

// What the config leaves to the machine.
void SettleForMachine(at::Device device, ExperimentConfig* config) {
  if (config->threads() == 0) {
    config->set_threads(std::max(1, DefaultThreads() / std::max(1, config->shards())));
  }
  if (config->precision() == ExperimentConfig::AUTO16) {
    config->set_precision(device.is_cpu() ? ExperimentConfig::BF16 : ExperimentConfig::FP16);
  } else if (config->precision() == ExperimentConfig::FP16 && device.is_cpu()) {
    LOG(WARNING) << "precision: FP16 is slow on a CPU; BF16 or AUTO16 is not";
  }
  if (config->kernels() == ExperimentConfig::AUTO) {
    config->set_kernels(ExperimentConfig::FUSED);
    if (!Unavailable(*config, device).empty()) {
      config->set_kernels(ExperimentConfig::REFERENCE);
    }
  }
  WarnOfPlainAttention(*config);
}

}  // namespace

absl::Status CompleteConfig(at::Device device, ExperimentConfig* config) {
  FillDefaults(config);
  SettleForMachine(device, config);
  return UsageErrors(ConfigProblems(*config));
}

absl::Status PrepareProcessor(const ExperimentConfig& config, at::Device device) {
  RETURN_IF_ERROR(AsUsageError(SetThreads(config.threads())));
  if (!device.is_cpu() || config.kernels() != ExperimentConfig::FUSED) return absl::OkStatus();
  return fused::CheckProducts(AutocastType(config.precision()).value_or(at::kFloat));
}

absl::Status DryRun(ExperimentConfig config, const ExperimentOptions& options, at::Device device,
                    const std::optional<InitialModel>& initial) {
  std::string data;
  if ((!NeedsFolder(config.data().source()) || !options.data_dir.empty()) &&
      Unavailable(config, device).empty()) {
    ASSIGN_OR_RETURN(const Dataset dataset, LoadData(options, &config));
    RETURN_IF_ERROR(CheckImages(dataset, config.data(), ImageShapeOf(config.model()),
                                config.model().num_classes()));
    data = absl::StrCat("data: ", dataset.Summary(), "\n");
  }
  RETURN_IF_ERROR(CheckParameters(config, initial));
  std::cout << ConfigText(config) << "\n";
  if (config.model().num_classes() > 0) {
    ASSIGN_OR_RETURN(const auto model, VisionTransformer::CreateShapesOnly(config.model()));
    std::cout << "parameters: " << WithCommas(model.ParameterCount()) << "\n";
  }
  std::cout << data;
  for (const std::string& line : Unavailable(config, device))
    std::cout << "not yet: " << line << "\n";
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> RunExperiment(ExperimentConfig config,
                                                    const ExperimentOptions& options,
                                                    at::Device device,
                                                    std::optional<InitialModel> initial,
                                                    ProcessGroup* group) {
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const bool finished, SayFromRankZero(group, [&]() -> absl::StatusOr<bool> {
                     return options.resume && IsKnownToBeFinished(options, config);
                   }));
  if (finished) return SayFinished(options.run_dir);
  RETURN_IF_ERROR(PrepareProcessor(config, device));
  const absl::StatusOr<Dataset> loaded = LoadData(options, &config);
  RETURN_IF_ERROR(AgreeOn(group, loaded.status()));
  const Dataset& dataset = *loaded;
  if (group->size() > 1) {
    RETURN_IF_ERROR(CheckSame(*group, {{"data", DataIdentity(dataset)}}));
  }
  ASSIGN_OR_RETURN(Trainer trainer, Trainer::Create(config, dataset, device, group));
  std::optional<RunFolder> folder;
  ASSIGN_OR_RETURN(const bool goes_on, SayFromRankZero(group, [&]() -> absl::StatusOr<bool> {
                     ASSIGN_OR_RETURN(folder,
                                      OpenFolder(config, options, initial, dataset, &trainer));
                     return folder.has_value();
                   }));
  if (!goes_on) return SayFinished(options.run_dir);
  RETURN_IF_ERROR(trainer.TakeFromRankZero());

  RunRecord record;
  record.data = dataset.Summary();
  record.device = device.str();
  record.processes = group->size();
  record.parameters = trainer.state().model().ParameterCount();
  record.best = trainer.best();
  std::optional<RunLog> log;
  if (folder) {
    record.initialised_from = initial ? initial->path.string() : RecordedOrigin(folder->run_json());
    RETURN_IF_ERROR(WriteRunRecord(folder->run_json(), config, record));
    ASSIGN_OR_RETURN(
        log, RunLog::Open(*folder, trainer.iteration(), config.logging().every_iterations()));
  }
  initial.reset();  // a second copy of the weights
  RETURN_IF_ERROR(trainer.Run(AddressOf(folder), AddressOf(log), &record));
  if (options.tests) RETURN_IF_ERROR(trainer.Test(AddressOf(folder), AddressOf(log), &record));
  if (!folder) return options.run_dir;
  record.is_trained = true;
  record.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RETURN_IF_ERROR(WriteRunRecord(folder->run_json(), config, record));
  std::cout << EndLines(record) << folder->path().string() << std::endl;
  return folder->path();
}

}  // namespace vitrine
