#include "train/optimizer.h"

#include "ATen/core/grad_mode.h"
#include "ATen/ops/_fused_adamw.h"
#include "ATen/ops/full.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

int64_t CountNumbers(const std::vector<at::Tensor>& tensors) {
  int64_t count = 0;
  for (const at::Tensor& tensor : tensors) count += tensor.numel();
  return count;
}

}  // namespace

bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions) {
  if (rule == OptimizerConfig::MATRICES) return dimensions >= 2;
  // Norms have weights too, but of one dimension.
  return absl::EndsWith(name, ".weight") && dimensions == 2;
}

AdamW::AdamW(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters)
    : config_(config), decayed_{config.weight_decay(), {}, {}, {}, {}}, plain_{0, {}, {}, {}, {}} {
  for (const NamedParameter& parameter : parameters) {
    const bool decay = IsDecayed(config.decay(), parameter.name, parameter.tensor.dim());
    Group& group = decay ? decayed_ : plain_;
    group.names.push_back(parameter.name);
    group.parameters.push_back(parameter.tensor);
    group.exp_avgs.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
    group.exp_avg_sqs.push_back(at::zeros_like(parameter.tensor).requires_grad_(false));
  }
}

void AdamW::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++step_count_;
  const at::Tensor step = at::full({}, static_cast<double>(step_count_), at::kFloat);
  StepGroup(decayed_, learning_rate, step);
  StepGroup(plain_, learning_rate, step);
}

void AdamW::StepGroup(Group& group, double learning_rate, const at::Tensor& step) {
  if (group.parameters.empty()) return;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : group.parameters) {
    gradients.push_back(parameter.grad());
    CHECK(gradients.back().defined()) << "a step needs every gradient";
  }
  const std::vector<at::Tensor> steps(group.parameters.size(), step);
  at::_fused_adamw_(group.parameters, gradients, group.exp_avgs, group.exp_avg_sqs,
                    /*max_exp_avg_sqs=*/{}, steps, learning_rate, config_.beta1(), config_.beta2(),
                    group.weight_decay, config_.epsilon(), /*amsgrad=*/false, /*maximize=*/false);
  for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
}

TensorMap AdamW::State() const {
  TensorMap state;
  for (const Group* group : {&decayed_, &plain_}) {
    for (size_t i = 0; i < group->names.size(); ++i) {
      state.emplace(absl::StrCat("exp_avg.", group->names[i]), group->exp_avgs[i]);
      state.emplace(absl::StrCat("exp_avg_sq.", group->names[i]), group->exp_avg_sqs[i]);
    }
  }
  return state;
}

absl::Status AdamW::Load(const TensorMap& state, int64_t step_count) {
  const TensorMap own = State();
  std::vector<std::string> problems;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != tensor.sizes()) problems.push_back(name);
  }
  for (const auto& [name, tensor] : state) {
    if (own.count(name) == 0) problems.push_back(name);
  }
  if (!problems.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("optimizer state does not fit the model: missing, misshapen or unknown ",
                     absl::StrJoin(problems, ", ")));
  }
  for (const auto& [name, tensor] : own) tensor.copy_(state.at(name));
  step_count_ = step_count;
  return absl::OkStatus();
}

std::string AdamW::Describe() const {
  return absl::StrCat("AdamW, weight decay ", config_.weight_decay(), " on ",
                      decayed_.parameters.size(), " tensors (", CountNumbers(decayed_.parameters),
                      " numbers), none on ", plain_.parameters.size(), " (",
                      CountNumbers(plain_.parameters), ")");
}

}  // namespace vitrine
