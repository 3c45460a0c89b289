// The training loop: batches in, and out come a trained model, logs and checkpoints.
//
//   ASSIGN_OR_RETURN(Trainer trainer, Trainer::Create(config, dataset, device));
//   RETURN_IF_ERROR(trainer.Resume(checkpoint));              // or not
//   RETURN_IF_ERROR(trainer.Run(folder, &log, &record));
//   RETURN_IF_ERROR(trainer.Test(folder, &log, &record));

#ifndef TRAIN_TRAINER_H_
#define TRAIN_TRAINER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"
#include "data/batches/loader.h"
#include "data/batches/sampler.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "train/checkpoint/checkpoint.h"
#include "train/checkpoint/checkpoint_writer.h"
#include "train/run/metrics.h"
#include "train/run/run_folder.h"
#include "train/run/run_log.h"
#include "train/run/run_record.h"
#include "train/settings/experiment.pb.h"
#include "train/stepper.h"
#include "train/train_state.h"

namespace vitrine {

class Trainer {
 public:
  // A model at its first values. The data set must outlive the trainer; a config or data that
  // contradict the model are refused. Lengths of time in the config are settled.
  // The work is shared with the group's other processes, each of which makes the same calls; rank 0
  // writes and prints. The group outlives the trainer.
  static absl::StatusOr<Trainer> Create(const ExperimentConfig& config, const Dataset& dataset,
                                        at::Device device, ProcessGroup* group);

  // Goes on where the checkpoint was written: what follows has the bits that an uninterrupted run
  // has. Data order, dropout and learning rate depend on the iteration's number alone.
  absl::Status Resume(const Checkpoint& checkpoint);

  // Begins with the weights of another run's checkpoint; says what had to be changed in them.
  absl::StatusOr<std::vector<std::string>> InitializeFrom(const Checkpoint& checkpoint);

  // Puts all processes where rank 0 is.
  absl::Status TakeFromRankZero();

  // All that Resume needs, as it is now: handles to tensors, not copies.
  Checkpoint MakeCheckpoint() const;

  // Trains to the last iteration, writing checkpoints into the folder, metrics into the log, and
  // into the record which checkpoint is the best. SIGINT, SIGTERM and SIGHUP end it early, with a
  // checkpoint and an InterruptedError; SIGUSR1 asks for a checkpoint and goes on; to any process
  // they are to all. An image that can't be read and a process that is gone end it with a
  // checkpoint too. Folder and log are rank 0's, and null elsewhere.
  absl::Status Run(const RunFolder* folder, RunLog* log, RunRecord* record);

  // Evaluates the test split, on which nothing is selected, with the weights and with their
  // averages where there are some; into the log and the record, and beside the last checkpoint as
  // //eval does, so that nobody need do it again.
  absl::Status Test(const RunFolder* folder, RunLog* log, RunRecord* record) const;

  // Iterations completed.
  int64_t iteration() const { return iteration_; }
  const TrainState& state() const { return state_; }

  // The best checkpoint so far.
  const std::optional<BestCheckpoint>& best() const { return best_; }

 private:
  using Clock = std::chrono::steady_clock;

  Trainer(const ExperimentConfig& config, const Dataset& dataset, LoaderSpec spec,
          ProcessGroup* group, TrainState state, std::unique_ptr<Sampler> sampler);

  // The batches of the run from the next iteration on.
  struct BatchSource {
    std::function<absl::StatusOr<Batch>()> next;
    std::function<BadImages()> bad_images, damaged_images;
  };
  absl::StatusOr<BatchSource> OpenBatches() const;

  // What has come to any of the processes since it was last asked.
  struct Signals {
    int interruption = 0;  // the number of a signal
    bool save_request = false;
  };
  absl::StatusOr<Signals> TakeSignals() const;

  // Of all processes.
  absl::Status WarnOfImages(const BatchSource& batches) const;

  bool finished() const { return iteration_ == config_.schedule().iterations(); }
  bool IsLogged() const;
  bool IsValidated() const;
  bool IsSaved() const;

  // One iteration, whose metrics come back where it is one to be logged.
  absl::StatusOr<std::optional<IterationMetrics>> Iterate(const BatchSource& batches,
                                                          Stepper* stepper);
  IterationMetrics Measure(const StepResult& result, Clock::duration time) const;

  absl::Status Validate(RunLog* log);

  // A checkpoint, and then the record of which is the best.
  absl::Status Save(const RunFolder* folder, RunRecord* record, CheckpointWriter* writer);

  // The error that ends the run early, once what was trained is saved, with how to go on from
  // there; the error alone where nothing was trained or it can't be saved, as after bad numbers.
  absl::Status EndedBy(const absl::Status& error, const RunFolder* folder, RunRecord* record,
                       CheckpointWriter* writer);

  // Evaluates a model whose weights are "model", "ema" or "swa".
  using EvaluateModel = absl::FunctionRef<absl::StatusOr<Evaluation>(const VisionTransformer& model,
                                                                     std::string_view weights)>;
  absl::StatusOr<NamedEvaluations> EvaluateAverages(EvaluateModel evaluate) const;
  absl::StatusOr<Evaluation> ValidateInto(const VisionTransformer& model, std::string_view weights,
                                          RunLog* log) const;
  absl::StatusOr<Evaluation> TestInto(const VisionTransformer& model, std::string_view weights,
                                      const RunFolder* folder, RunLog* log) const;

  ExperimentConfig config_;
  const Dataset* dataset_;
  std::string data_identity_;
  LoaderSpec spec_;
  ProcessGroup* group_;
  TrainState state_;
  std::unique_ptr<Sampler> sampler_;
  int64_t iteration_ = 0;
  std::optional<BestCheckpoint> best_;

  // Since the last logged iteration.
  int64_t images_ = 0;
  Clock::duration training_{}, waiting_{};
};

}  // namespace vitrine

#endif  // TRAIN_TRAINER_H_
