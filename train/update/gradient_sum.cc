#include "train/update/gradient_sum.h"

#include <algorithm>
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

// Of which whole parameters are sent as one, in numbers: 4 MiB, which takes a network of 10 Gbit/s
// many times as long as the messages that begin it.
constexpr int64_t kSectionSize = 1 << 20;

int64_t Aligned(int64_t numbers) { return (numbers + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

GradientSum::GradientSum(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  CHECK(!parameters_.empty());
  MakeSections();
}

void GradientSum::MakeSections() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const int64_t size = Aligned(parameters_[i].numel());
    if (sections_.empty() || sections_.back().size + size > kSectionSize) {
      sections_.push_back({.first = i, .end = i, .begin = loss_begin_, .size = 0});
    }
    sections_.back().end = i + 1;
    sections_.back().size += size;
    loss_begin_ += size;
  }
  std::reverse(sections_.begin(), sections_.end());
}

GradientSum::Partial GradientSum::MakePartial() const {
  Partial partial;
  partial.memory =
      at::zeros({loss_begin_ + kAlignment}, parameters_[0].options().requires_grad(false));
  int64_t begin = 0;
  for (const at::Tensor& parameter : parameters_) {
    partial.gradients.push_back(
        partial.memory.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
    begin += Aligned(parameter.numel());
  }
  partial.loss = partial.memory[loss_begin_];
  return partial;
}

void GradientSum::Add(const at::Tensor& loss) {
  const at::NoGradGuard no_grad;
  if (!sending_) {
    PushLeaf();
    TakeGradients(0, parameters_.size());
  }
  TakeLoss(loss);
  if (sending_) {
    EndSending();
    return;
  }
  while (partials_.size() > 1 &&
         partials_.back().leaves == partials_[partials_.size() - 2].leaves) {
    MergeLastTwo();
  }
}

// Where the last leaf stands alone the next is added to it; else it gets memory of its own.
void GradientSum::PushLeaf() {
  if (!partials_.empty() && partials_.back().leaves == 1) {
    partials_.back().leaves = 2;
    return;
  }
  if (free_.empty()) free_.push_back(MakePartial());
  partials_.push_back(std::move(free_.back()));
  free_.pop_back();
  partials_.back().leaves = 1;
}

void GradientSum::TakeGradients(size_t first, size_t end) {
  std::vector<at::Tensor> gradients;
  for (size_t i = first; i < end; ++i) {
    CHECK(parameters_[i].grad().defined());
    gradients.push_back(std::exchange(parameters_[i].mutable_grad(), {}));
  }
  const Partial& sum = partials_.back();
  const at::TensorList own = at::TensorList(sum.gradients).slice(first, end - first);
  if (sum.leaves == 1) {
    at::_foreach_copy_(own, gradients);
  } else {
    at::_foreach_add_(own, gradients);
  }
}

void GradientSum::TakeLoss(const at::Tensor& loss) {
  const Partial& sum = partials_.back();
  if (sum.leaves == 1) {
    sum.loss.copy_(loss);
  } else {
    sum.loss.add_(loss);
  }
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

void GradientSum::SendWhileComputed(ProcessGroup* group) {
  PushLeaf();
  sending_ = std::make_unique<Sending>();
  sending_->group = group;
  for (const Section& section : sections_) sending_->missing.push_back(section.end - section.first);
  sending_->hooks =
      std::make_unique<GradientHooks>(parameters_, [this](size_t i) { TakeReady(i); });
}

// All processes send the same sections in the same order, whatever is ready first.
void GradientSum::TakeReady(size_t parameter) {
  const at::NoGradGuard no_grad;
  size_t own = 0;
  while (parameter < sections_[own].first) ++own;
  --sending_->missing[own];
  size_t& next = sending_->next;
  for (; next < sections_.size() && sending_->missing[next] == 0; ++next) {
    TakeGradients(sections_[next].first, sections_[next].end);
    Send(sections_[next].begin, sections_[next].size);
  }
}

// As MergeAll does it, from right to left.
void GradientSum::Send(int64_t begin, int64_t size) {
  for (size_t i = partials_.size() - 1; i > 0; --i) {
    partials_[i - 1].memory.narrow(0, begin, size).add_(partials_[i].memory.narrow(0, begin, size));
  }
  sums_.push_back(sending_->group->StartSum(partials_[0].memory.narrow(0, begin, size)));
}

void GradientSum::EndSending() {
  CHECK_EQ(sending_->next, sections_.size()) << "a parameter without a gradient";
  Send(loss_begin_, kAlignment);
  sending_ = nullptr;
  for (; partials_.size() > 1; partials_.pop_back()) {
    partials_[0].leaves += partials_.back().leaves;
    free_.push_back(std::move(partials_.back()));
  }
}

absl::Status GradientSum::Exchange(ProcessGroup* group) {
  MergeAll();
  if (sums_.empty()) return group->SumInTree(partials_[0].memory);
  absl::Status status;
  for (PendingSum& sum : sums_) status.Update(sum.Wait());
  sums_.clear();
  return status;
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
  sending_ = nullptr;
  sums_.clear();
}

}  // namespace vitrine
