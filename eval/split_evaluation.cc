#include "eval/split_evaluation.h"

#include <string>
#include <vector>

#include "base/status_macros.h"
#include "eval/examples.h"
#include "eval/score_exchange.h"
#include "eval/statistics.h"

namespace vitrine {
namespace {

void FillCounts(const Evaluation& total, EvaluationResult* result) {
  result->set_count(total.count);
  result->set_correct_top1(total.correct_top1);
  result->set_correct_top5(total.correct_top5);
  result->set_loss(total.loss());
}

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

}  // namespace

absl::StatusOr<SplitEvaluation> EvaluateSplit(const InferenceModel& model, const Dataset& dataset,
                                              Split split, const LoaderSpec& spec, bool flips,
                                              ProcessGroup* group) {
  LoaderSpec own = spec;
  own.share = {.index = group->rank(), .count = group->size()};
  ASSIGN_OR_RETURN(const auto loader, Loader::ForEvaluation(dataset, split, own, kEvaluationBatch));
  SplitEvaluation evaluation;
  Evaluation& total = evaluation.figures;
  Statistics statistics(model.config().num_classes());
  ExampleChoice examples;
  RETURN_IF_ERROR(ForEachBatch(model, loader.get(), flips, group, [&](const ScoredBatch& batch) {
    Accumulate(batch.logits, batch.labels, &total);
    statistics.Add(batch.logits, batch.labels);
    examples.Add(batch);
  }));
  ASSIGN_OR_RETURN(const BadImages bad, AddUp(group, loader->bad_images()));
  RETURN_IF_ERROR(TellLeftOut(bad, total.count));
  ASSIGN_OR_RETURN(evaluation.damaged, AddUp(group, loader->damaged_images()));

  EvaluationResult& result = evaluation.result;
  SetImages(dataset, split, flips, &result);
  FillCounts(total, &result);
  if (bad.count > 0) result.set_left_out(bad.count);
  if (evaluation.damaged.count > 0) result.set_damaged(evaluation.damaged.count);
  FillClasses(statistics, dataset.class_names, &result);
  FillCalibration(statistics, &result);
  *result.mutable_examples() = examples.Chosen();
  return evaluation;
}

void SetImages(const Dataset& dataset, Split split, bool flips, EvaluationResult* result) {
  result->set_split(std::string(SplitName(split)));
  result->set_data_identity(DataIdentity(dataset));
  result->set_flips(flips);
}

}  // namespace vitrine
