#include "train/trainer.h"

#include <chrono>
#include <cmath>
#include <iostream>
#include <utility>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "train/console.h"
#include "train/gradient.h"
#include "train/schedule.h"

namespace vitrine {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Every `interval` updates; an interval of 0 never comes.
bool IsDue(int64_t iteration, int64_t interval) {
  return interval > 0 && iteration % interval == 0;
}

// Larger batches than in training: there are no gradients to keep.
constexpr int64_t kEvaluationBatch = 128;

}  // namespace

absl::StatusOr<Trainer> Trainer::Create(const ExperimentConfig& config, const Dataset& dataset) {
  const ModelConfig& model = config.model();
  RETURN_IF_ERROR(CheckImages(dataset, model.image_size(), model.channels(), model.num_classes()));
  ASSIGN_OR_RETURN(VisionTransformer initial, VisionTransformer::Create(model, config.seed()));
  ASSIGN_OR_RETURN(auto sampler,
                   Sampler::Create(config.seed(), dataset.train.size(), config.data()));
  ASSIGN_OR_RETURN(auto normalization, Normalization::Create(config.data(), dataset.channels()));
  return Trainer(config, dataset, std::move(initial), std::move(sampler), std::move(normalization));
}

Trainer::Trainer(const ExperimentConfig& config, const Dataset& dataset, VisionTransformer model,
                 std::unique_ptr<Sampler> sampler, Normalization normalization)
    : config_(config),
      dataset_(&dataset),
      model_(std::move(model)),
      parameters_(model_.Parameters()),
      optimizer_(config.optimizer(), parameters_),
      sampler_(std::move(sampler)),
      normalization_(std::move(normalization)) {}

absl::Status Trainer::Resume(const Checkpoint& checkpoint) {
  if (!checkpoint.optimizer) {
    return absl::FailedPreconditionError("the checkpoint has no optimizer state to resume from");
  }
  RETURN_IF_ERROR(model_.Load(checkpoint.model));
  RETURN_IF_ERROR(optimizer_.Load(*checkpoint.optimizer, checkpoint.manifest.optimizer_step()));
  iteration_ = checkpoint.manifest.iteration();
  return absl::OkStatus();
}

absl::Status Trainer::Run(const RunFolder& folder) {
  ASSIGN_OR_RETURN(CsvFile metrics, OpenMetrics(folder.metrics(), iteration_));
  ASSIGN_OR_RETURN(CsvFile validation, OpenValidationLog(folder.validation(), iteration_));
  ASSIGN_OR_RETURN(EventWriter events, EventWriter::Create(folder.path(), iteration_));
  const int64_t last = config_.schedule().iterations() - 1;
  ProgressBar progress(iteration_, last + 1);
  while (iteration_ <= last) {
    const bool logged =
        IsDue(iteration_, config_.logging().every_iterations()) || iteration_ == last;
    const Clock::time_point start = Clock::now();
    const Update update = Step();
    if (logged) {
      ASSIGN_OR_RETURN(const IterationMetrics row, Measure(update, MillisecondsSince(start)));
      RETURN_IF_ERROR(metrics.Append(CsvRow(row)));
      RETURN_IF_ERROR(events.Scalars(iteration_, {{"train/loss", row.loss},
                                                  {"train/learning_rate", row.learning_rate},
                                                  {"train/gradient_norm", row.gradient_norm},
                                                  {"train/milliseconds", row.milliseconds}}));
      progress.Clear();
      std::cout << IterationLine(config_, row) << std::endl;
    }
    ++iteration_;
    if (IsDue(iteration_, config_.validation().every_iterations())) {
      progress.Clear();
      RETURN_IF_ERROR(Validate(&validation, &events));
    }
    if (IsDue(iteration_, config_.checkpoint().every_iterations()) || finished()) {
      RETURN_IF_ERROR(Save(folder));
    }
    progress.Update(iteration_);
  }
  return absl::OkStatus();
}

Trainer::Update Trainer::Step() {
  const Batch batch = MakeBatch(dataset_->train, sampler_->Indices(iteration_), normalization_);
  ForwardContext context;
  context.training = true;
  context.generator =
      at::detail::createCPUGenerator(StreamKey(config_.seed(), "dropout", iteration_));
  const at::Tensor logits = model_.Forward(batch.images, context);
  const at::Tensor loss = at::cross_entropy_loss(logits, batch.labels);
  loss.backward();

  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) gradients.push_back(parameter.tensor.grad());
  const at::Tensor norm = GradientNorm(gradients);
  const double clip_norm = config_.optimizer().clip_norm();
  if (clip_norm > 0) ClipGradients(norm, clip_norm, gradients);
  const double learning_rate = LearningRate(config_.schedule(), iteration_);
  optimizer_.Step(learning_rate);
  return {loss.detach(), norm, learning_rate};
}

absl::StatusOr<IterationMetrics> Trainer::Measure(const Update& update, double milliseconds) const {
  const double loss = update.loss.item<double>();
  if (!std::isfinite(loss)) {
    return absl::InternalError(
        absl::StrCat("iteration ", iteration_, ": the loss is ", loss,
                     "; lower schedule.max_learning_rate, and go on from an earlier checkpoint"));
  }
  return IterationMetrics{iteration_,           loss,
                          update.learning_rate, update.gradient_norm.item<double>(),
                          milliseconds,         sampler_->EpochOf(iteration_)};
}

absl::Status Trainer::Validate(CsvFile* file, EventWriter* events) const {
  const Evaluation evaluation = EvaluateOn(dataset_->minival);
  std::cout << absl::StrFormat("%d/%d  minival loss %.4f  accuracy %.4f", iteration_,
                               config_.schedule().iterations(), evaluation.loss(),
                               evaluation.top1())
            << std::endl;
  RETURN_IF_ERROR(file->Append(ValidationRow(iteration_, Split::kMinival, evaluation)));
  // At the iteration just done, not the next: a run that goes on from a checkpoint written now has
  // TensorBoard drop the points from the next iteration on, and will not validate here again.
  return events->Scalars(
      iteration_ - 1, {{"minival/loss", evaluation.loss()}, {"minival/top1", evaluation.top1()}});
}

absl::Status Trainer::Save(const RunFolder& folder) const {
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(iteration_);
  checkpoint.manifest.set_optimizer_step(optimizer_.step_count());
  *checkpoint.manifest.mutable_config() = config_;
  for (const std::string& name : dataset_->class_names) checkpoint.manifest.add_class_names(name);
  for (const NamedParameter& parameter : parameters_) {
    checkpoint.model.emplace(parameter.name, parameter.tensor);
  }
  checkpoint.optimizer = optimizer_.State();
  RETURN_IF_ERROR(WriteCheckpoint(folder.checkpoints(), checkpoint));
  return SweepCheckpoints(folder.checkpoints(), config_.checkpoint());
}

absl::StatusOr<Evaluation> Trainer::Test(const RunFolder& folder) const {
  const Evaluation evaluation = EvaluateOn(dataset_->test);
  ASSIGN_OR_RETURN(CsvFile file, OpenValidationLog(folder.validation(), iteration_));
  RETURN_IF_ERROR(file.Append(ValidationRow(iteration_, Split::kTest, evaluation)));
  return evaluation;
}

Evaluation Trainer::EvaluateOn(const ImageSet& images) const {
  return Evaluate(model_, images, normalization_, kEvaluationBatch);
}

}  // namespace vitrine
