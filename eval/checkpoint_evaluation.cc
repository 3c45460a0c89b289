#include "eval/checkpoint_evaluation.h"

#include <utility>

#include "ATen/TensorOperators.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/older_config.h"
#include "eval/statistics.h"
#include "glog/logging.h"
#include "google/protobuf/text_format.h"
#include "train/checkpoint/open_model.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatch = 128;

void FillClasses(const Statistics& statistics, const std::vector<std::string>& names,
                 EvaluationResult* result) {
  for (size_t i = 0; i < names.size(); ++i) {
    const Statistics::Class& one = statistics.classes()[i];
    EvaluationResult::Class* const row = result->add_classes();
    row->set_name(names[i]);
    row->set_count(one.count);
    row->set_correct(one.correct);
    for (const auto& [answer, count] : one.mistakes) {
      EvaluationResult::Class::Mistake* const mistake = row->add_mistakes();
      mistake->set_taken_for(static_cast<int32_t>(answer));
      mistake->set_count(count);
    }
  }
}

void FillCalibration(const Statistics& statistics, EvaluationResult* result) {
  for (const Statistics::Bin& bin : statistics.calibration()) {
    EvaluationResult::CalibrationBin* const out = result->add_calibration();
    out->set_count(bin.count);
    out->set_correct(bin.correct);
    out->set_confidence(bin.confidence);
  }
  result->set_expected_calibration_error(statistics.ExpectedCalibrationError());
}

bool GivesMinival(const Dataset& dataset) {
  const PartOrigins& origins = dataset.origins;
  return !origins.minival.empty() && origins.minival != origins.train;
}

// The parts as the run had them: of one on train and val, and of any of an older program, val is
// the test part, whatever lies beside it now.
absl::StatusOr<Dataset> LoadAsTheRun(DataConfig config, std::string_view identity,
                                     const fs::path& data_dir) {
  FillDefaultsOfOlder(&config);
  config.set_source(SourceIn(data_dir, config));
  absl::StatusOr<Dataset> dataset = LoadDataset(config, data_dir);
  const bool is_sure =
      dataset.ok() && (!GivesMinival(*dataset) || DataIdentity(*dataset) == identity);
  if (is_sure || config.given_parts() == DataConfig::VAL_AS_TEST) return dataset;
  config.set_given_parts(DataConfig::VAL_AS_TEST);
  absl::StatusOr<Dataset> before = LoadDataset(config, data_dir);
  const bool is_the_runs = before.ok() && DataIdentity(*before) == identity;
  return is_the_runs ? std::move(before) : std::move(dataset);
}

// For those who take "test" to be the folder of that name.
void WarnOfUnused(const PartOrigins& origins) {
  for (const std::string& name : origins.unused) {
    LOG(WARNING) << "the run's test part is " << origins.test << "; not used: " << name;
  }
}

// A table of what is no number tells nothing.
absl::Status CheckScores(const Evaluation& evaluation) {
  if (evaluation.finite > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the model gives no image finite scores: its weights are too large to compute with; take an "
      "earlier checkpoint");
}

}  // namespace

absl::StatusOr<EvaluationData> EvaluationData::Load(const CheckpointManifest& manifest, Split split,
                                                    const fs::path& data_dir, at::Device device,
                                                    OnBadImage on_bad) {
  ExperimentConfig config = manifest.config();
  if (on_bad) config.mutable_data()->set_on_bad_image(*on_bad);
  ASSIGN_OR_RETURN(Dataset dataset,
                   LoadAsTheRun(config.data(), manifest.data_identity(), data_dir));
  WarnOfUnused(dataset.origins);
  const auto& classes = manifest.class_names();
  RETURN_IF_ERROR(UseClasses({classes.begin(), classes.end()}, &dataset));
  // Nothing is trained, so that images of training may be of any size.
  *config.mutable_data()->mutable_train_transforms() = config.data().evaluation_transforms();
  const ModelConfig& model = config.model();
  LoaderSpec spec = LoaderSpecOf(config, device);
  RETURN_IF_ERROR(CheckImages(dataset, config.data(), spec.shape, model.num_classes()));
  if (dataset.part(split)->size() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run held out no ", SplitName(split), " split; take train or test"));
  }
  return EvaluationData(model, std::make_unique<Dataset>(std::move(dataset)), std::move(spec),
                        split);
}

EvaluationData::EvaluationData(const ModelConfig& model, std::unique_ptr<const Dataset> dataset,
                               LoaderSpec spec, Split split)
    : model_(model), dataset_(std::move(dataset)), spec_(std::move(spec)), split_(split) {}

absl::StatusOr<EvaluationResult> EvaluationData::Evaluate(const TensorMap& weights,
                                                          bool flips) const {
  ASSIGN_OR_RETURN(const VisionTransformer model, RestoreModel(model_, weights, spec_.device));
  return Evaluate(model, flips, [](const ScoredBatch& /*batch*/) {});
}

absl::StatusOr<EvaluationResult> EvaluationData::Evaluate(const VisionTransformer& model,
                                                          bool flips, BatchObserver observe) const {
  ASSIGN_OR_RETURN(const auto loader, Open(kBatch));
  Evaluation total;
  Statistics statistics(model_.num_classes());
  RETURN_IF_ERROR(ForEachBatch(model, loader.get(), flips, [&](const ScoredBatch& batch) {
    Accumulate(batch.logits, batch.labels, &total);
    statistics.Add(batch.logits, batch.labels);
    observe(batch);
  }));
  const BadImages bad = loader->bad_images(), damaged = loader->damaged_images();
  RETURN_IF_ERROR(TellLeftOut(bad, total.count));
  RETURN_IF_ERROR(CheckScores(total));
  WarnOfDamagedImages(damaged);

  EvaluationResult result;
  result.set_split(std::string(SplitName(split_)));
  result.set_data_identity(DataIdentity(*dataset_));
  result.set_flips(flips);
  result.set_count(total.count);
  if (bad.count > 0) result.set_left_out(bad.count);
  if (damaged.count > 0) result.set_damaged(damaged.count);
  result.set_correct_top1(total.correct_top1);
  result.set_correct_top5(total.correct_top5);
  result.set_loss(total.loss());
  FillClasses(statistics, class_names(), &result);
  FillCalibration(statistics, &result);
  return result;
}

absl::StatusOr<CheckpointEvaluation> EvaluateCheckpoint(const fs::path& path,
                                                        const EvaluationOptions& options) {
  CheckpointEvaluation evaluation;
  ASSIGN_OR_RETURN(evaluation.checkpoint, FindModel(path));
  const std::string name = evaluation.checkpoint.string();
  ASSIGN_OR_RETURN(SavedWeights saved, ReadWeights(evaluation.checkpoint, options.weights));
  CheckpointManifest& manifest = saved.manifest;
  if (options.loader_threads > 0) {
    manifest.mutable_config()->mutable_data()->set_loader_threads(options.loader_threads);
  }
  ASSIGN_OR_RETURN(const EvaluationData data,
                   EvaluationData::Load(manifest, options.split, options.data_dir, options.device,
                                        options.on_bad));
  ASSIGN_OR_RETURN(evaluation.result, Annotate(data.Evaluate(saved.tensors, options.flips), name));
  evaluation.result.set_iteration(manifest.iteration());
  evaluation.result.set_weights(std::string(WeightsName(options.weights)));
  if (manifest.has_average_of()) {
    *evaluation.result.mutable_average_of() = manifest.average_of();
  }
  return evaluation;
}

bool WasSelectedOn(const EvaluationResult& result) {
  return result.average_of().has_selection_split() &&
         result.average_of().selection_split() == result.split();
}

absl::Status WriteResult(const CheckpointEvaluation& evaluation) {
  const EvaluationResult& result = evaluation.result;
  std::string text;
  google::protobuf::TextFormat::PrintToString(result, &text);
  return WriteAtomically(absl::StrCat(evaluation.checkpoint.string(), ".", result.weights(), ".",
                                      result.split(), result.flips() ? ".flips" : "", ".textproto"),
                         text);
}

Json ToJson(const CheckpointEvaluation& evaluation) {
  const EvaluationResult& r = evaluation.result;
  const auto count = static_cast<double>(r.count());
  Json json = {{"split", r.split()},
               {"count", r.count()},
               {"correct_top1", r.correct_top1()},
               {"correct_top5", r.correct_top5()},
               {"top1", r.correct_top1() / count},
               {"top5", r.correct_top5() / count},
               {"loss", r.loss()},
               {"checkpoint", evaluation.checkpoint.string()},
               {"iteration", r.iteration()}};
  if (r.left_out() > 0) json["left_out"] = r.left_out();
  if (r.damaged() > 0) json["damaged"] = r.damaged();
  if (WasSelectedOn(r)) json["selected_on_this_split"] = true;
  return json;
}

}  // namespace vitrine
