#include "train/update/adamw.h"

#include <optional>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_fused_adamw.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

std::optional<at::Tensor> IfDefined(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace

void AdamW::Add(const NamedParameter& parameter) {
  parameters_.push_back(parameter);
  exp_avgs_.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
  exp_avg_sqs_.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
}

void AdamW::Step(const at::Tensor& learning_rate, const at::Tensor& step,
                 const at::Tensor& found_inf, const at::Tensor& divisor) {
  if (parameters_.empty()) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parameters, gradients;
  for (const NamedParameter& parameter : parameters_) {
    parameters.push_back(parameter.tensor);
    gradients.push_back(parameter.tensor.grad());
  }
  const std::vector<at::Tensor> steps(parameters.size(), step);
  // As the operator takes it: a GPU's kernel reads float32.
  const at::Tensor scaled = factor_ == 1 ? learning_rate : learning_rate * factor_;
  const at::Tensor rate = scaled.is_cpu() ? scaled : scaled.to(at::kFloat);
  at::_fused_adamw_(parameters, gradients, exp_avgs_, exp_avg_sqs_, /*max_exp_avg_sqs=*/{}, steps,
                    rate, config_.beta1(), config_.beta2(), weight_decay_, config_.epsilon(),
                    /*amsgrad=*/false, /*maximize=*/false, IfDefined(divisor),
                    IfDefined(found_inf));
}

TensorMap AdamW::State() const {
  TensorMap state;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    state.emplace(absl::StrCat("exp_avg.", parameters_[i].name), exp_avgs_[i]);
    state.emplace(absl::StrCat("exp_avg_sq.", parameters_[i].name), exp_avg_sqs_[i]);
  }
  return state;
}

}  // namespace vitrine
