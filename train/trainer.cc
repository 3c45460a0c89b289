#include "train/trainer.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/cuda_graph/recorder.h"
#include "base/parallel/agreement.h"
#include "base/programs/program.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"
#include "data/batches/mix.h"
#include "eval/result_file.h"
#include "eval/score_exchange.h"
#include "eval/split_evaluation.h"
#include "glog/logging.h"
#include "train/checkpoint/broadcast_checkpoint.h"
#include "train/feature_batches.h"
#include "train/run/console.h"
#include "train/settings/config.h"
#include "train/settings/loader_spec.h"
#include "vit/inference_model.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModel = "model";  // the weights themselves, as //eval calls them

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Every `interval` iterations; an interval of 0 never comes.
bool IsDue(int64_t iteration, int64_t interval) {
  return interval > 0 && iteration % interval == 0;
}

// Whether an image differs from epoch to epoch.
bool DrawsPixels(const DataConfig& data) {
  DataConfig train, evaluation;
  *train.mutable_train_transforms() = data.train_transforms();
  *evaluation.mutable_train_transforms() = data.evaluation_transforms();
  return train.SerializeAsString() != evaluation.SerializeAsString() || Mixes(data.mix());
}

// Whether they are numbered the same too.
bool HasClassesOf(const Checkpoint& checkpoint, const Dataset& dataset) {
  const auto& names = checkpoint.manifest.class_names();
  return std::equal(names.begin(), names.end(), dataset.class_names.begin(),
                    dataset.class_names.end());
}

void WarnOfBadImages(const BadImages& bad) {
  if (bad.count == 0) return;
  LOG(WARNING) << bad.count << " training images could not be read and were replaced by others; "
               << "for example " << bad.example;
}

std::string HowToGoOn(const RunFolder& folder) {
  return absl::StrCat("--resume --run_dir=", folder.path().string());
}

// The name of the split's row in validation.csv.
std::string RowName(Split split, std::string_view weights) {
  return absl::StrCat(SplitName(split), weights == kModel ? "" : absl::StrCat("_", weights));
}

// Beside the last checkpoint. A run has its figures whether they can be kept there too or not.
void TryToKeep(const fs::path& checkpoint, std::string_view weights, SplitEvaluation evaluation) {
  if (evaluation.figures.finite == 0) return;  // //eval gives no result of no numbers either
  const auto keep = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(checkpoint));
    SetWeights(manifest, weights, &evaluation.result);
    return WriteResult(checkpoint, evaluation.result);
  };
  if (const absl::Status kept = keep(); !kept.ok()) {
    LOG(WARNING) << "the test's result is not kept: " << kept.message();
  }
}

}  // namespace

absl::StatusOr<Trainer> Trainer::Create(const ExperimentConfig& config, const Dataset& dataset,
                                        at::Device device, ProcessGroup* group) {
  const ModelConfig& model = config.model();
  LoaderSpec spec = LoaderSpecOf(config, device);
  spec.share = {.index = group->rank(), .count = group->size()};
  RETURN_IF_ERROR(CheckImages(dataset, config.data(), spec.shape, model.num_classes()));
  ASSIGN_OR_RETURN(auto sampler,
                   Sampler::Create(config.seed(), dataset.train->size(), config.data()));
  ASSIGN_OR_RETURN(TrainState state, TrainState::Create(config, device, group));
  return Trainer(config, dataset, spec, group, std::move(state), std::move(sampler));
}

Trainer::Trainer(const ExperimentConfig& config, const Dataset& dataset, LoaderSpec spec,
                 ProcessGroup* group, TrainState state, std::unique_ptr<Sampler> sampler)
    : config_(config),
      dataset_(&dataset),
      data_identity_(DataIdentity(dataset)),
      spec_(std::move(spec)),
      group_(group),
      state_(std::move(state)),
      sampler_(std::move(sampler)) {}

absl::Status Trainer::Resume(const Checkpoint& checkpoint) {
  if (!HasClassesOf(checkpoint, *dataset_)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the checkpoint is of a run on other classes, or on the same in another "
                     "order, than those of ",
                     dataset_->name, "; give it the same --data_dir, or start a new run"));
  }
  const std::string& identity = checkpoint.manifest.data_identity();
  if (checkpoint.manifest.has_data_identity() && identity != data_identity_) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run was on other data, ", identity, ", and not ", data_identity_,
                     "; give it the same --data_dir, or start a new run"));
  }
  ExperimentConfig config = checkpoint.manifest.config();
  FillDefaultsOfOlder(&config);
  if (const std::string differences = ResumeDifferences(config, config_); !differences.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the checkpoint is of a run with another config (its -> this run's: ", differences,
        "); put config.textproto back as it was, or start a new run"));
  }
  const int64_t iteration = checkpoint.manifest.iteration();
  if (iteration < 0 || iteration > config_.schedule().iterations()) {
    return absl::DataLossError(absl::StrCat("a checkpoint after ", iteration,
                                            " iterations of a run of ",
                                            config_.schedule().iterations()));
  }
  RETURN_IF_ERROR(state_.Load(checkpoint));
  iteration_ = iteration;
  if (checkpoint.manifest.has_best()) best_ = checkpoint.manifest.best();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Trainer::InitializeFrom(const Checkpoint& checkpoint) {
  const bool is_nameless = checkpoint.manifest.classes_are_nameless();
  return state_.InitializeFrom(checkpoint, !is_nameless && HasClassesOf(checkpoint, *dataset_));
}

absl::Status Trainer::TakeFromRankZero() {
  Checkpoint checkpoint = MakeCheckpoint();
  RETURN_IF_ERROR(BroadcastCheckpoint(group_, &checkpoint));
  return group_->rank() == 0 ? absl::OkStatus() : Resume(checkpoint);
}

absl::Status Trainer::Run(const RunFolder* folder, RunLog* log, RunRecord* record) {
  ASSIGN_OR_RETURN(const BatchSource batches, OpenBatches());
  std::optional<CheckpointWriter> writer;
  if (folder != nullptr) writer.emplace(folder->checkpoints(), config_.checkpoint());
  ProgressBar progress(iteration_, config_.schedule().iterations());
  CheckpointWriter* const writer_or_null = writer ? &*writer : nullptr;
  const auto end = [&](const absl::Status& error) {
    return EndedBy(error, folder, record, writer_or_null);
  };
  const InterruptionGuard guard;
  Stepper stepper(&state_, RecorderOf(state_.device()));
  int interruption = 0;
  while (!finished()) {
    const absl::StatusOr<std::optional<IterationMetrics>> row = Iterate(batches, &stepper);
    if (!row.ok()) return end(row.status());
    if (*row) {
      if (log != nullptr) RETURN_IF_ERROR(log->AddIteration(**row));
      progress.Clear();
      std::cout << IterationLine(config_, **row) << std::endl;
    }
    if (IsValidated()) {
      progress.Clear();
      RETURN_IF_ERROR(Validate(log));  // not saved: who goes on from here does not validate again
    }
    const absl::StatusOr<Signals> signals = TakeSignals();
    if (!signals.ok()) return end(signals.status());
    if (signals->save_request) {
      progress.Clear();
      std::cout << "SIGUSR1: saving a checkpoint after " << iteration_ << " iterations"
                << std::endl;
    }
    interruption = signals->interruption;
    if (IsSaved() || signals->save_request || interruption != 0) {
      RETURN_IF_ERROR(Save(folder, record, writer_or_null));
    }
    if (interruption != 0) break;
    progress.Update(iteration_);
  }
  if (writer) RETURN_IF_ERROR(writer->Finish());
  RETURN_IF_ERROR(WarnOfImages(batches));
  if (interruption == 0) {  // one may have come while the last checkpoint was written
    ASSIGN_OR_RETURN(const Signals last, TakeSignals());
    interruption = last.interruption;
  }
  if (interruption == 0) return absl::OkStatus();
  const std::string where = absl::StrCat("interrupted after ", iteration_, " iterations");
  return InterruptedError(
      interruption,
      folder == nullptr ? where : absl::StrCat(where, "; go on with ", HowToGoOn(*folder)));
}

absl::StatusOr<Trainer::Signals> Trainer::TakeSignals() const {
  const Signals own{.interruption = InterruptionGuard::Signal(),
                    .save_request = InterruptionGuard::TakeSaveRequest()};
  ASSIGN_OR_RETURN(const auto all, group_->Gather({own.interruption, own.save_request}));
  Signals together;
  for (const std::vector<int64_t>& one : all) {
    together.interruption = std::max(together.interruption, static_cast<int>(one[0]));
    together.save_request = together.save_request || one[1] != 0;
  }
  return together;
}

absl::Status Trainer::WarnOfImages(const BatchSource& batches) const {
  ASSIGN_OR_RETURN(const BadImages bad, AddUp(group_, batches.bad_images()));
  ASSIGN_OR_RETURN(const BadImages damaged, AddUp(group_, batches.damaged_images()));
  WarnOfBadImages(bad);
  WarnOfDamagedImages(damaged);
  return absl::OkStatus();
}

absl::StatusOr<Trainer::BatchSource> Trainer::OpenBatches() const {
  const auto source_of = [](const auto& shared) {
    return BatchSource{.next = [shared] { return shared->Next(); },
                       .bad_images = [shared] { return shared->bad_images(); },
                       .damaged_images = [shared] { return shared->damaged_images(); }};
  };
  if (state_.TrainsHeadsOnly() && !DrawsPixels(config_.data())) {
    LOG(INFO) << "only heads are trained, so what they read of " << dataset_->train->size()
              << " images is computed once, now";
    ASSIGN_OR_RETURN(FeatureBatches features, FeatureBatches::Create(state_.model(), *dataset_,
                                                                     spec_, *sampler_, iteration_));
    return source_of(std::make_shared<FeatureBatches>(std::move(features)));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Loader> loader,
                   Loader::ForTraining(*dataset_, spec_, *sampler_, config_.seed(), iteration_));
  return source_of(std::shared_ptr<Loader>(std::move(loader)));
}

bool Trainer::IsLogged() const {
  return IsDue(iteration_, config_.logging().every_iterations()) ||
         iteration_ + 1 == config_.schedule().iterations();
}

bool Trainer::IsValidated() const {
  const int64_t interval = config_.validation().every_iterations();
  return IsDue(iteration_, interval) || (interval > 0 && finished());
}

bool Trainer::IsSaved() const {
  return IsDue(iteration_, config_.checkpoint().every_iterations()) || finished();
}

absl::StatusOr<std::optional<IterationMetrics>> Trainer::Iterate(const BatchSource& batches,
                                                                 Stepper* stepper) {
  const Clock::time_point start = Clock::now();
  const absl::StatusOr<Batch> batch = batches.next();
  RETURN_IF_ERROR(AgreeOn(group_, batch.status()));
  waiting_ += Clock::now() - start;
  ASSIGN_OR_RETURN(const StepResult result, stepper->Step(iteration_, *batch));
  images_ += batch->labels.size(0) * group_->size();

  // Reading a number of the device waits for it. The CPU has computed it already.
  const bool logged = IsLogged();
  if (logged || result.loss.is_cpu()) RETURN_IF_ERROR(state_.CheckFinite());
  const Clock::duration time = Clock::now() - start;
  training_ += time;
  std::optional<IterationMetrics> row;
  if (logged) {
    row = Measure(result, time);
    images_ = 0;
    training_ = waiting_ = {};
  }
  ++iteration_;
  return row;
}

IterationMetrics Trainer::Measure(const StepResult& result, Clock::duration time) const {
  return {.iteration = iteration_,
          .loss = result.loss.item<double>(),
          .learning_rate = result.learning_rate,
          .gradient_norm = result.gradient_norm.item<double>(),
          .milliseconds = 1e3 * Seconds(time),
          .images_per_second = images_ / Seconds(training_),
          .data_wait = Seconds(waiting_) / Seconds(training_),
          .loss_scale = result.loss_scale.defined() ? result.loss_scale.item<double>() : 1,
          .epoch = sampler_->EpochOf(iteration_)};
}

absl::Status Trainer::Validate(RunLog* log) {
  ASSIGN_OR_RETURN(const Evaluation minival, ValidateInto(state_.model(), kModel, log));
  std::cout << absl::StrFormat("%d/%d  minival loss %.4f  accuracy %.4f", iteration_,
                               config_.schedule().iterations(), minival.loss(), minival.top1());
  if (IsSaved() && (!best_ || minival.loss() < best_->loss())) {
    best_.emplace();
    best_->set_iteration(iteration_);
    best_->set_loss(minival.loss());
  }
  ASSIGN_OR_RETURN(const NamedEvaluations averages,
                   EvaluateAverages([&](const VisionTransformer& model, std::string_view weights) {
                     return ValidateInto(model, weights, log);
                   }));
  for (const auto& [name, evaluation] : averages) {
    std::cout << absl::StrFormat("  %s %.4f  %.4f", name, evaluation.loss(), evaluation.top1());
  }
  std::cout << std::endl;
  return absl::OkStatus();
}

absl::Status Trainer::Save(const RunFolder* folder, RunRecord* record, CheckpointWriter* writer) {
  RETURN_IF_ERROR(state_.CheckFinite());
  RETURN_IF_ERROR(state_.CheckWeights(iteration_));
  record->best = best_;
  if (folder == nullptr) return absl::OkStatus();
  // What the record names is there.
  return writer->Write(MakeCheckpoint(),
                       [path = folder->run_json(), config = config_, record = *record] {
                         return WriteRunRecord(path, config, record);
                       });
}

absl::Status Trainer::EndedBy(const absl::Status& error, const RunFolder* folder, RunRecord* record,
                              CheckpointWriter* writer) {
  if (iteration_ == 0 || folder == nullptr) return error;
  absl::Status saved = Save(folder, record, writer);
  if (saved.ok() && writer != nullptr) saved = writer->Finish();
  if (!saved.ok()) return error;
  return absl::Status(error.code(), absl::StrCat(error.message(), "; then go on from iteration ",
                                                 iteration_, " with ", HowToGoOn(*folder)));
}

Checkpoint Trainer::MakeCheckpoint() const {
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(iteration_);
  *checkpoint.manifest.mutable_config() = config_;
  for (const std::string& name : dataset_->class_names) checkpoint.manifest.add_class_names(name);
  checkpoint.manifest.set_data_identity(data_identity_);
  if (best_) *checkpoint.manifest.mutable_best() = *best_;
  state_.Save(&checkpoint);
  return checkpoint;
}

absl::Status Trainer::Test(const RunFolder* folder, RunLog* log, RunRecord* record) const {
  const auto test = [&](const VisionTransformer& model, std::string_view weights) {
    return TestInto(model, weights, folder, log);
  };
  ASSIGN_OR_RETURN(record->test, test(state_.model(), kModel));
  ASSIGN_OR_RETURN(record->test_averages, EvaluateAverages(test));
  return absl::OkStatus();
}

absl::StatusOr<NamedEvaluations> Trainer::EvaluateAverages(EvaluateModel evaluate) const {
  ASSIGN_OR_RETURN(const std::vector<AveragedModel> averages, state_.AveragedModels());
  NamedEvaluations evaluations;
  for (const auto& [name, model] : averages) {
    ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate(model, name));
    evaluations.emplace_back(name, evaluation);
  }
  return evaluations;
}

absl::StatusOr<Evaluation> Trainer::ValidateInto(const VisionTransformer& model,
                                                 std::string_view weights, RunLog* log) const {
  ASSIGN_OR_RETURN(const auto loader,
                   Loader::ForEvaluation(*dataset_, Split::kMinival, spec_, kEvaluationBatch));
  ASSIGN_OR_RETURN(const Evaluation evaluation,
                   Evaluate(InferenceModel(&model), loader.get(), group_));
  if (log != nullptr) {
    RETURN_IF_ERROR(log->AddEvaluation(iteration_, RowName(Split::kMinival, weights), evaluation));
  }
  if (finished() && weights == kModel) WarnOfDamagedImages(loader->damaged_images());  // once
  return evaluation;
}

absl::StatusOr<Evaluation> Trainer::TestInto(const VisionTransformer& model,
                                             std::string_view weights, const RunFolder* folder,
                                             RunLog* log) const {
  ASSIGN_OR_RETURN(const SplitEvaluation evaluation,
                   EvaluateSplit(InferenceModel(&model), *dataset_, Split::kTest, spec_,
                                 /*flips=*/false, group_));
  if (folder == nullptr) return evaluation.figures;
  RETURN_IF_ERROR(
      log->AddEvaluation(iteration_, RowName(Split::kTest, weights), evaluation.figures));
  if (weights == kModel) WarnOfDamagedImages(evaluation.damaged);  // once
  TryToKeep(folder->checkpoints() / CheckpointName(iteration_), weights, evaluation);
  return evaluation.figures;
}

}  // namespace vitrine
