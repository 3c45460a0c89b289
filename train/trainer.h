// The training loop.
//
//   ASSIGN_OR_RETURN(Trainer trainer, Trainer::Create(config, dataset));
//   RETURN_IF_ERROR(trainer.Resume(checkpoint));              // or not
//   RETURN_IF_ERROR(trainer.Run(folder));
//   ASSIGN_OR_RETURN(const Evaluation test, trainer.Test(folder));

#ifndef TRAIN_TRAINER_H_
#define TRAIN_TRAINER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/batch.h"
#include "data/dataset.h"
#include "data/sampler.h"
#include "eval/evaluator.h"
#include "train/checkpoint.h"
#include "train/experiment.pb.h"
#include "train/metrics.h"
#include "train/optimizer.h"
#include "train/run_folder.h"
#include "train/tensorboard.h"
#include "train/validation_log.h"
#include "vit/vision_transformer.h"

namespace vitrine {

class Trainer {
 public:
  // A model at its first values. The data set must outlive the trainer; a config or data that
  // contradict the model are refused.
  static absl::StatusOr<Trainer> Create(const ExperimentConfig& config, const Dataset& dataset);

  // Goes on where the checkpoint was written: what follows has the bits that an uninterrupted run
  // has. Data order, dropout and learning rate depend on the iteration's number alone.
  absl::Status Resume(const Checkpoint& checkpoint);

  // Trains to the last iteration, writing metrics, events and checkpoints into the folder.
  absl::Status Run(const RunFolder& folder);

  // Updates completed.
  int64_t iteration() const { return iteration_; }
  bool finished() const { return iteration_ == config_.schedule().iterations(); }

  const VisionTransformer& model() const { return model_; }
  const AdamW& optimizer() const { return optimizer_; }

  // Evaluates the test split, on which nothing is selected, and notes it in validation.csv.
  absl::StatusOr<Evaluation> Test(const RunFolder& folder) const;

 private:
  Trainer(const ExperimentConfig& config, const Dataset& dataset, VisionTransformer model,
          std::unique_ptr<Sampler> sampler, Normalization normalization);

  // One update. Loss and gradient norm are left on the device.
  struct Update {
    at::Tensor loss, gradient_norm;
    double learning_rate;
  };
  Update Step();

  absl::StatusOr<IterationMetrics> Measure(const Update& update, double milliseconds) const;
  Evaluation EvaluateOn(const ImageSet& images) const;
  absl::Status Validate(CsvFile* file, EventWriter* events) const;
  absl::Status Save(const RunFolder& folder) const;

  ExperimentConfig config_;
  const Dataset* dataset_;
  VisionTransformer model_;
  std::vector<NamedParameter> parameters_;
  AdamW optimizer_;
  std::unique_ptr<Sampler> sampler_;
  Normalization normalization_;
  int64_t iteration_ = 0;
};

}  // namespace vitrine

#endif  // TRAIN_TRAINER_H_
