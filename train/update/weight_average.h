// An exponential moving average (EMA) of the weights, which is often better than the weights
// themselves (Polyak and Juditsky, 1992).
//
//   WeightAverage average(parameters, /*horizon=*/1000);
//   average.Update();                                       // after each step of the optimizer

#ifndef TRAIN_UPDATE_WEIGHT_AVERAGE_H_
#define TRAIN_UPDATE_WEIGHT_AVERAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "base/tensors/tensor_map.h"
#include "vit/vision_transformer.h"

namespace vitrine {

// The n-th update (from 1) gives the present weights a share of max(1 / n, 1 / horizon): the plain
// mean of all weights so far until there are `horizon`, an average with that decay from then on. A
// fixed decay would keep the random first values for about the length of the horizon.
class WeightAverage {
 public:
  // Keeps handles to the parameters. `horizon` is in updates and at least 1.
  WeightAverage(const std::vector<NamedParameter>& parameters, double horizon);

  void Update();

  // The average by the parameters' names.
  TensorMap State() const;

  // Every tensor must be there with its parameter's shape, and nothing else. `updates` have been
  // made so far.
  absl::Status Load(const TensorMap& state, int64_t updates);

 private:
  const double horizon_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_, averages_;
  int64_t updates_ = 0;
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_WEIGHT_AVERAGE_H_
