// Notices a loss or a gradient that is infinite or not a number, before it reaches the weights.
//
//   const at::Tensor bad = guard.Observe(iteration, loss, norms);   // does not wait
//   optimizer.Step(learning_rate, bad);                             // does nothing where it is 1
//   RETURN_IF_ERROR(guard.Check());                                 // waits

#ifndef TRAIN_UPDATE_NON_FINITE_GUARD_H_
#define TRAIN_UPDATE_NON_FINITE_GUARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// Everything that it remembers lies on the device until Check reads it, so that a GPU need not be
// waited for in each iteration: the updates of a bad iteration are skipped there and then, and the
// error, when it comes, still names that iteration.
class NonFiniteGuard {
 public:
  // `names` are those of the parameters, in the order of the norms.
  NonFiniteGuard(ExperimentConfig::OnNonFinite action, std::vector<std::string> names,
                 at::Device device);

  // `iteration`, int64, and `loss` have no dimensions, `norms` [parameters] are the norms of the
  // gradients. Returns float32 of no dimensions: 1 if any of them is not finite, else 0.
  at::Tensor Observe(const at::Tensor& iteration, const at::Tensor& loss, const at::Tensor& norms);

  // With STOP, an error that names the first bad iteration, and its loss or its first bad gradient.
  // With SKIP, a warning where iterations were skipped since the last call.
  absl::Status Check();

 private:
  std::string Describe() const;

  const ExperimentConfig::OnNonFinite action_;
  const std::vector<std::string> names_;
  at::Tensor skipped_;    // int64 [], bad iterations
  at::Tensor iteration_;  // int64 [], the first of them
  at::Tensor values_;     // float32 [1 + parameters], its loss and norms
  int64_t reported_ = 0;  // skipped iterations that Check has warned of
};

}  // namespace vitrine

#endif  // TRAIN_UPDATE_NON_FINITE_GUARD_H_
