#include "train/update/optimizer.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "glog/logging.h"
#include "train/update/parameter_rules.h"

namespace vitrine {
namespace {

constexpr int64_t kMaxStepCount = int64_t{1} << 24;  // float32 counts no further

// Of the parameters that share a weight decay, whatever their learning rates.
struct Group {
  std::string_view method;
  double weight_decay;
  int64_t tensors = 0, numbers = 0;

  void Add(const std::vector<NamedParameter>& parameters) {
    for (const NamedParameter& parameter : parameters) numbers += parameter.tensor.numel();
    tensors += static_cast<int64_t>(parameters.size());
  }
};

}  // namespace

Optimizer::Optimizer(const OptimizerConfig& config, const std::vector<NamedParameter>& parameters,
                     int64_t depth)
    : config_(config), parameters_(parameters), muon_(config) {
  CHECK(!parameters.empty());
  step_ = at::zeros({}, at::TensorOptions(parameters[0].tensor.device()).dtype(at::kFloat));
  for (const NamedParameter& parameter : parameters) {
    const int64_t dimensions = parameter.tensor.dim();
    const bool is_decayed = IsDecayed(config.decay(), parameter.name, dimensions);
    const double factor = LearningRateFactor(config, parameter.name, depth);
    if (config.kind() == OptimizerConfig::MUON && IsHiddenMatrix(parameter.name, dimensions)) {
      CHECK(is_decayed) << parameter.name << ": Muon decays what it takes, as every rule does";
      muon_.Add(parameter, factor);
    } else {
      AdamWFor(is_decayed ? config.weight_decay() : 0, factor).Add(parameter);
    }
  }
}

AdamW& Optimizer::AdamWFor(double weight_decay, double factor) {
  for (AdamW& adamw : adamws_) {
    if (adamw.weight_decay() == weight_decay && adamw.factor() == factor) return adamw;
  }
  return adamws_.emplace_back(config_, weight_decay, factor);
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
  for (AdamW& adamw : adamws_) adamw.Step(learning_rate, step_, skip, divisor);
  for (NamedParameter& parameter : parameters_) parameter.tensor.mutable_grad().reset();
}

TensorMap Optimizer::State() const {
  TensorMap state = muon_.State();
  for (const AdamW& adamw : adamws_) state.merge(adamw.State());
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
  Group muon{"Muon", muon_.weight_decay()}, decayed{"AdamW", config_.weight_decay()},
      plain{"AdamW", 0};
  muon.Add(muon_.parameters());
  for (const AdamW& adamw : adamws_) {
    (adamw.weight_decay() == 0 ? plain : decayed).Add(adamw.parameters());
  }
  std::vector<std::string> parts;
  for (const Group& group : {muon, decayed, plain}) {
    if (group.tensors == 0) continue;
    parts.push_back(absl::StrCat(group.method, " with weight decay ", group.weight_decay, " on ",
                                 group.tensors, " tensors (", group.numbers, " numbers)"));
  }
  if (config_.layer_decay() != 1) {
    parts.push_back(absl::StrCat("layer decay ", config_.layer_decay()));
  }
  if (config_.head_learning_rate_factor() != 1) {
    parts.push_back(
        absl::StrCat(config_.head_learning_rate_factor(), " times the rate on the head"));
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace vitrine
