#include "train/update/optimizer.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int64_t kMaxStepCount = int64_t{1} << 24;  // float32 counts no further

// "AdamW with weight decay 0.05 on 3 tensors (1200 numbers)"
std::string DescribeGroup(std::string_view method, double weight_decay,
                          const std::vector<NamedParameter>& parameters) {
  int64_t numbers = 0;
  for (const NamedParameter& parameter : parameters) numbers += parameter.tensor.numel();
  return absl::StrCat(method, " with weight decay ", weight_decay, " on ", parameters.size(),
                      " tensors (", numbers, " numbers)");
}

}  // namespace

bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions) {
  if (rule == OptimizerConfig::ALL) return true;
  if (rule == OptimizerConfig::MATRICES) return dimensions >= 2;
  // Norms have weights too, but of one dimension.
  return absl::EndsWith(name, ".weight") && dimensions == 2;
}

bool IsHiddenMatrix(std::string_view name, int64_t dimensions) {
  return absl::StartsWith(name, "blocks.") && absl::EndsWith(name, ".weight") && dimensions == 2;
}

Optimizer::Optimizer(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters)
    : parameters_(parameters),
      muon_(config),
      decayed_(config, config.weight_decay()),
      plain_(config, /*weight_decay=*/0) {
  CHECK(!parameters.empty());
  step_ = at::zeros({}, at::TensorOptions(parameters[0].tensor.device()).dtype(at::kFloat));
  for (const NamedParameter& parameter : parameters) {
    const int64_t dimensions = parameter.tensor.dim();
    const bool is_decayed = IsDecayed(config.decay(), parameter.name, dimensions);
    if (config.kind() == OptimizerConfig::MUON && IsHiddenMatrix(parameter.name, dimensions)) {
      CHECK(is_decayed) << parameter.name << ": Muon decays what it takes, as every rule does";
      muon_.Add(parameter);
    } else {
      (is_decayed ? decayed_ : plain_).Add(parameter);
    }
  }
}

void Optimizer::Step(const at::Tensor& learning_rate, const at::Tensor& found_inf,
                     const at::Tensor& divisor) {
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : parameters_) {
    CHECK(parameter.tensor.grad().defined()) << parameter.name << ": a step needs every gradient";
  }
  step_.add_(1);
  at::Tensor skip;
  if (found_inf.defined()) {
    CHECK(found_inf.dim() == 0 && found_inf.scalar_type() == at::kFloat &&
          found_inf.device() == step_.device())
        << "found_inf must be float32 of no dimensions on " << step_.device();
    // The fused operator skips at 1 and at nothing else, and leaves it to its caller not to count.
    skip = found_inf.ne(0).to(at::kFloat);
    step_.sub_(skip);
  }
  muon_.Step(learning_rate, skip, divisor);
  decayed_.Step(learning_rate, step_, skip, divisor);
  plain_.Step(learning_rate, step_, skip, divisor);
  for (NamedParameter& parameter : parameters_) parameter.tensor.mutable_grad().reset();
}

TensorMap Optimizer::State() const {
  TensorMap state = muon_.State();
  state.merge(decayed_.State());
  state.merge(plain_.State());
  return state;
}

absl::Status Optimizer::Load(const TensorMap& state, int64_t step_count) {
  if (step_count < 0 || step_count > kMaxStepCount) {
    return absl::FailedPreconditionError(absl::StrCat("optimizer step count must be from 0 to ",
                                                      kMaxStepCount, ", is ", step_count));
  }
  RETURN_IF_ERROR(Annotate(CopyTensors(state, State()), "optimizer state does not fit the model"));
  step_.fill_(step_count);
  return absl::OkStatus();
}

std::string Optimizer::Describe() const {
  std::vector<std::string> groups;
  if (!muon_.parameters().empty()) {
    groups.push_back(DescribeGroup("Muon", muon_.weight_decay(), muon_.parameters()));
  }
  for (const AdamW* group : {&decayed_, &plain_}) {
    if (group->parameters().empty()) continue;
    groups.push_back(DescribeGroup("AdamW", group->weight_decay(), group->parameters()));
  }
  return absl::StrJoin(groups, ", ");
}

}  // namespace vitrine
