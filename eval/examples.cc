#include "eval/examples.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/softmax.h"

namespace vitrine {
namespace {

using Example = EvaluationResult::Example;

bool IsSurer(const Example& a, const Example& b) { return a.probability() > b.probability(); }
bool IsLessSure(const Example& a, const Example& b) { return a.probability() < b.probability(); }

// Keeps the first kChosen in the order of `before`, behind those that are equal.
template <typename Before>
void Insert(const Example& example, Before before, std::vector<Example>* chosen) {
  const auto place = std::upper_bound(chosen->begin(), chosen->end(), example, before);
  if (place == chosen->end() && chosen->size() == ExampleChoice::kChosen) return;
  chosen->insert(place, example);
  if (chosen->size() > ExampleChoice::kChosen) chosen->pop_back();
}

}  // namespace

void ExampleChoice::Add(const ScoredBatch& batch) {
  const at::NoGradGuard no_grad;
  const auto [probabilities, predictions] = at::softmax(batch.logits, 1).max(1);
  const at::Tensor indices = batch.indices.cpu(), truths = batch.labels.cpu();
  const at::Tensor answers = predictions.cpu(), sure = probabilities.cpu().to(at::kDouble);
  for (int64_t i = 0; i < truths.size(0); ++i) {
    Example example;
    example.set_index(indices.const_data_ptr<int64_t>()[i]);
    example.set_truth(static_cast<int32_t>(truths.const_data_ptr<int64_t>()[i]));
    example.set_prediction(static_cast<int32_t>(answers.const_data_ptr<int64_t>()[i]));
    example.set_probability(sure.const_data_ptr<double>()[i]);
    Add(example);
  }
}

void ExampleChoice::Add(const Example& example) {
  if (first_.size() < kFirst) first_.push_back(example);
  if (std::isnan(example.probability())) return;
  if (example.truth() == example.prediction()) {
    Insert(example, IsLessSure, &least_sure_right_);
  } else {
    Insert(example, IsSurer, &surest_wrong_);
  }
}

EvaluationResult::Examples ExampleChoice::Chosen() const {
  EvaluationResult::Examples examples;
  *examples.mutable_first() = {first_.begin(), first_.end()};
  *examples.mutable_surest_wrong() = {surest_wrong_.begin(), surest_wrong_.end()};
  *examples.mutable_least_sure_right() = {least_sure_right_.begin(), least_sure_right_.end()};
  return examples;
}

}  // namespace vitrine
