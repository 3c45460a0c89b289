#include "train/experiment.h"

#include <chrono>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "data/dataset.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/console.h"
#include "train/run_folder.h"
#include "train/run_record.h"
#include "train/trainer.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

std::string DescribeModel(const ModelConfig& model) {
  return absl::StrFormat("ViT, %d blocks, %d heads, width %d, patches of %d x %d in %d x %d x %d",
                         model.depth(), model.heads(), model.width(), model.patch_size(),
                         model.patch_size(), model.image_size(), model.image_size(),
                         model.channels());
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

// Everything that matters, before the first line.
std::string StartTable(const ExperimentConfig& config, const RunFolder& folder,
                       const Dataset& dataset, const Trainer& trainer) {
  return Table({
      {"run", folder.path().string()},
      {"config", config.name()},
      {"model", DescribeModel(config.model())},
      {"parameters", WithCommas(trainer.model().ParameterCount())},
      {"data", dataset.Summary()},
      {"batch", absl::StrCat(config.data().batch_size())},
      {"optimizer", trainer.optimizer().Describe()},
      {"schedule", DescribeSchedule(config.schedule())},
      {"precision", ExperimentConfig::Precision_Name(config.precision())},
      {"device", absl::StrCat("cpu (", CpuCapability(), "), ", config.threads(), " threads")},
      {"seed", absl::StrCat(config.seed())},
  });
}

absl::StatusOr<RunFolder> OpenFolder(const ExperimentConfig& config,
                                     const std::filesystem::path& path, bool resume) {
  if (resume && RunFolder::Exists(path)) return RunFolder::Resume(path, config);
  return RunFolder::Create(path, config);
}

absl::Status ResumeFrom(const RunFolder& folder, Trainer* trainer) {
  if (ListCheckpoints(folder.checkpoints()).empty()) return absl::OkStatus();  // from the beginning
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadNewestWhole(folder.checkpoints()));
  RETURN_IF_ERROR(trainer->Resume(checkpoint));
  std::cout << "resumed after " << trainer->iteration() << " iterations" << std::endl;
  return absl::OkStatus();
}

}  // namespace

void SettleThreads(ExperimentConfig* config) {
  if (config->threads() == 0) config->set_threads(std::thread::hardware_concurrency());
}

absl::Status DryRun(const ExperimentConfig& config, const ExperimentPaths& paths) {
  ASSIGN_OR_RETURN(const auto model, VisionTransformer::CreateShapesOnly(config.model()));
  std::cout << ConfigText(config) << "\nparameters: " << WithCommas(model.ParameterCount()) << "\n";
  for (const std::string& line : Unavailable(config)) std::cout << "not yet: " << line << "\n";
  const bool embedded = config.data().source() == DataConfig::DIGITS;
  if ((embedded || !paths.data_dir.empty()) && Unavailable(config).empty()) {
    ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(config.data(), paths.data_dir));
    std::cout << "data: " << dataset.Summary() << "\n";
    const ModelConfig& m = config.model();
    RETURN_IF_ERROR(CheckImages(dataset, m.image_size(), m.channels(), m.num_classes()));
  }
  return absl::OkStatus();
}

absl::Status RunExperiment(const ExperimentConfig& config, const ExperimentPaths& paths,
                           bool resume) {
  const auto start = std::chrono::steady_clock::now();
  at::set_num_threads(config.threads());
  ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(config.data(), paths.data_dir));
  ASSIGN_OR_RETURN(Trainer trainer, Trainer::Create(config, dataset));
  ASSIGN_OR_RETURN(const RunFolder folder, OpenFolder(config, paths.run_dir, resume));
  if (resume && IsFinished(folder.run_json())) {
    std::cout << folder.path().string() << ": this run is finished" << std::endl;
    return absl::OkStatus();
  }
  std::cout << StartTable(config, folder, dataset, trainer) << std::endl;
  RETURN_IF_ERROR(ResumeFrom(folder, &trainer));

  RunRecord record;
  record.parameters = trainer.model().ParameterCount();
  RETURN_IF_ERROR(WriteRunRecord(folder.run_json(), config, record));
  RETURN_IF_ERROR(trainer.Run(folder));
  ASSIGN_OR_RETURN(record.test, trainer.Test(folder));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  record.wall_seconds = seconds.count();
  RETURN_IF_ERROR(WriteRunRecord(folder.run_json(), config, record));
  const Evaluation& test = *record.test;
  std::cout << absl::StrFormat("\ntest accuracy %.4f (%d of %d)  loss %.4f  in %.1f s\n%s\n",
                               test.top1(), test.correct_top1, test.count, test.loss(),
                               record.wall_seconds, folder.path().string());
  return absl::OkStatus();
}

}  // namespace vitrine
