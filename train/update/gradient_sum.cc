#include "train/update/gradient_sum.h"

#include <utility>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/_foreach_add.h"
#include "ATen/ops/_foreach_copy.h"
#include "ATen/ops/zeros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// Each tensor begins where a cache line does, as those that libtorch allocates.
constexpr int64_t kAlignment = 64 / sizeof(float);

int64_t Aligned(int64_t numbers) { return (numbers + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

GradientSum::GradientSum(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  CHECK(!parameters_.empty());
}

GradientSum::Partial GradientSum::MakePartial() const {
  int64_t size = kAlignment;  // the loss
  for (const at::Tensor& parameter : parameters_) size += Aligned(parameter.numel());
  Partial partial;
  partial.memory = at::zeros({size}, parameters_[0].options().requires_grad(false));
  int64_t begin = 0;
  for (const at::Tensor& parameter : parameters_) {
    partial.gradients.push_back(
        partial.memory.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
    begin += Aligned(parameter.numel());
  }
  partial.loss = partial.memory[begin];
  return partial;
}

void GradientSum::Add(const at::Tensor& loss) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (at::Tensor& parameter : parameters_) {
    CHECK(parameter.grad().defined());
    gradients.push_back(std::exchange(parameter.mutable_grad(), {}));
  }
  if (!partials_.empty() && partials_.back().leaves == 1) {
    Partial& left = partials_.back();
    at::_foreach_add_(left.gradients, gradients);
    left.loss.add_(loss);
    left.leaves = 2;
  } else {
    Push();
    at::_foreach_copy_(partials_.back().gradients, gradients);
    partials_.back().loss.copy_(loss);
  }
  while (partials_.size() > 1 &&
         partials_.back().leaves == partials_[partials_.size() - 2].leaves) {
    MergeLastTwo();
  }
}

void GradientSum::Push() {
  if (free_.empty()) free_.push_back(MakePartial());
  partials_.push_back(std::move(free_.back()));
  free_.pop_back();
  partials_.back().leaves = 1;
}

void GradientSum::MergeLastTwo() {
  Partial& left = partials_[partials_.size() - 2];
  left.memory.add_(partials_.back().memory);
  left.leaves += partials_.back().leaves;
  free_.push_back(std::move(partials_.back()));
  partials_.pop_back();
}

void GradientSum::MergeAll() {
  const at::NoGradGuard no_grad;
  CHECK(!partials_.empty());
  while (partials_.size() > 1) MergeLastTwo();
}

absl::Status GradientSum::Exchange(ProcessGroup* group) {
  MergeAll();
  return group->SumInTree(partials_[0].memory);
}

at::Tensor GradientSum::Take() {
  MergeAll();
  const Partial& sum = partials_[0];
  for (size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = sum.gradients[i];
  const at::Tensor loss = sum.loss;
  Clear();
  return loss;
}

void GradientSum::Clear() {
  for (Partial& partial : partials_) free_.push_back(std::move(partial));
  partials_.clear();
}

}  // namespace vitrine
