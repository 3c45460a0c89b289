// The images of a split that a person would look at: the first ones, and those that a model is most
// wrong about or least sure of. They are chosen while batches go by, in memory for so few.
//
//   ExampleChoice choice;
//   choice.Add(batch);                            // batch by batch
//   *result.mutable_examples() = choice.Chosen();

#ifndef EVAL_EXAMPLES_H_
#define EVAL_EXAMPLES_H_

#include <vector>

#include "eval/evaluator.h"
#include "eval/result.pb.h"

namespace vitrine {

class ExampleChoice {
 public:
  static constexpr size_t kFirst = 16, kChosen = 12;

  // Batches come in the order of their images. Of equal probabilities the earlier image is chosen
  // first. One that is not a number is chosen for nothing, but may be of the first.
  void Add(const ScoredBatch& batch);

  EvaluationResult::Examples Chosen() const;

 private:
  using Example = EvaluationResult::Example;

  void Add(const Example& example);

  std::vector<Example> first_, surest_wrong_, least_sure_right_;
};

}  // namespace vitrine

#endif  // EVAL_EXAMPLES_H_
