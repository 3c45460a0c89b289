#include "eval/checkpoint_evaluation.h"

#include <utility>

#include "ATen/TensorOperators.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/statistics.h"
#include "google/protobuf/text_format.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatch = 128;

void FillClasses(const Statistics& statistics, const std::vector<std::string>& names,
                 EvaluationResult* result) {
  const at::Tensor& confusion = statistics.confusion();
  const auto classes = static_cast<int64_t>(names.size());
  for (int64_t i = 0; i < classes; ++i) {
    EvaluationResult::Class* const row = result->add_classes();
    row->set_name(names[i]);
    const int64_t* const predicted = confusion[i].const_data_ptr<int64_t>();
    row->mutable_predicted()->Assign(predicted, predicted + classes);
    row->set_count(confusion[i].sum().item<int64_t>());
    row->set_correct(predicted[i]);
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

absl::Status CheckComplete(const Evaluation& evaluation, int64_t size, const BadImages& bad) {
  if (evaluation.count == size) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("only ", evaluation.count, " of the split's ", size,
                                          " images could be read: ", bad.example));
}

}  // namespace

absl::StatusOr<EvaluationData> EvaluationData::Load(const CheckpointManifest& manifest, Split split,
                                                    const fs::path& data_dir, at::Device device) {
  ExperimentConfig config = manifest.config();
  config.mutable_data()->set_source(SourceIn(data_dir, config.data()));
  ASSIGN_OR_RETURN(Dataset dataset, LoadDataset(config.data(), data_dir));
  const auto& classes = manifest.class_names();
  RETURN_IF_ERROR(UseClasses({classes.begin(), classes.end()}, &dataset));
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
  return Evaluate(model, flips, [](const at::Tensor& /*logits*/, const at::Tensor& /*labels*/) {});
}

absl::StatusOr<EvaluationResult> EvaluationData::Evaluate(const VisionTransformer& model,
                                                          bool flips, BatchObserver observe) const {
  ASSIGN_OR_RETURN(const auto loader, Open(kBatch));
  Evaluation total;
  Statistics statistics(model_.num_classes());
  RETURN_IF_ERROR(ForEachBatch(model, loader.get(), flips,
                               [&](const at::Tensor& logits, const at::Tensor& labels) {
                                 Accumulate(logits, labels, &total);
                                 statistics.Add(logits, labels);
                                 observe(logits, labels);
                               }));
  RETURN_IF_ERROR(CheckComplete(total, size(), loader->bad_images()));

  EvaluationResult result;
  result.set_split(std::string(SplitName(split_)));
  result.set_data_identity(DataIdentity(*dataset_));
  result.set_flips(flips);
  result.set_count(total.count);
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
  ASSIGN_OR_RETURN(evaluation.checkpoint, FindCheckpoint(path));
  const std::string name = evaluation.checkpoint.string();
  ASSIGN_OR_RETURN(SavedWeights saved, ReadWeights(evaluation.checkpoint, options.weights));
  CheckpointManifest& manifest = saved.manifest;
  if (options.loader_threads > 0) {
    manifest.mutable_config()->mutable_data()->set_loader_threads(options.loader_threads);
  }
  ASSIGN_OR_RETURN(const EvaluationData data,
                   EvaluationData::Load(manifest, options.split, options.data_dir, options.device));
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
  if (WasSelectedOn(r)) json["selected_on_this_split"] = true;
  return json;
}

}  // namespace vitrine
