#include "vit/block.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/linear.h"
#include "vit/activation.h"
#include "vit/config.h"
#include "vit/fused/attention.h"
#include "vit/fused/cuda/add_norm.h"
#include "vit/fused/cuda/bias_gelu.h"
#include "vit/fused/mlp.h"
#include "vit/fused/residual.h"

namespace vitrine {
namespace {

double DepthRate(const ModelConfig& config, int64_t index) {
  if (config.depth() == 1) return config.stochastic_depth();
  return config.stochastic_depth() * index / (config.depth() - 1);
}

at::Tensor MakeScale(const ModelConfig& config, const at::TensorOptions& options) {
  return config.layer_scale() == 0 ? at::Tensor() : at::empty({config.width()}, options);
}

// For the operators for a GPU.
fused::cuda::BranchDropout DrawDropout(double dropout, const ForwardContext& context) {
  if (!context.training || dropout == 0) return {};
  return {dropout, DrawDropoutKey(context)};
}

// A part's backward pass copies, so all of them are taken as they are.
at::Tensor First(const at::Tensor& x, int64_t tokens) {
  return tokens == x.size(1) ? x : x.narrow(1, 0, tokens);
}

}  // namespace

Block::Block(const ModelConfig& config, int64_t index, const at::TensorOptions& options)
    : projection_dropout(ProjectionDropout(config)),
      mlp_dropout(MlpDropout(config)),
      stochastic_depth(DepthRate(config, index)),
      attention_norm(config.width(), options, config.layer_norm_epsilon()),
      attention(config, options),
      attention_scale(MakeScale(config, options)),
      mlp_norm(config.width(), options, config.layer_norm_epsilon()),
      mlp(config.width(), MlpWidth(config), config.activation(), options),
      mlp_scale(MakeScale(config, options)) {}

at::Tensor Block::operator()(const at::Tensor& x, int64_t tokens, const std::string& name,
                             const ForwardContext& context) const {
  const at::Tensor output = context.fusion == Fusion::kGpu
                                ? RunFusedForGpu(x, tokens, name, context)
                                : Run(x, tokens, name, context);
  if (context.intermediates != nullptr) {
    context.intermediates->insert_or_assign(name + ".output", output);
  }
  return output;
}

at::Tensor Block::Run(const at::Tensor& x, int64_t tokens, const std::string& name,
                      const ForwardContext& context) const {
  const at::Tensor attended = NormAttend(x, tokens, name, context);
  const at::Tensor middle =
      AddResidual(First(x, tokens), attended, attention_scale, projection_dropout, context);
  return AddResidual(middle, NormMlp(middle, context), mlp_scale, mlp_dropout, context);
}

at::Tensor Block::RunFusedForGpu(const at::Tensor& x, int64_t tokens, const std::string& name,
                                 const ForwardContext& context) const {
  const auto [same_x, normed_x] = fused::cuda::Norm(x, attention_norm, context.fused_operands);
  const at::Tensor attended = attention(normed_x, tokens, name, context);
  const auto [middle, normed] = AddAttendedAndNorm(First(same_x, tokens), attended, context);
  return AddResidual(middle, mlp.output(ActivateForGpu(normed)), mlp_scale, mlp_dropout, context);
}

at::Tensor Block::ActivateForGpu(const at::Tensor& normed) const {
  if (mlp.activation != ModelConfig::GELU) return Activate(mlp.activation, mlp.hidden(normed));
  return fused::cuda::BiasGelu(at::linear(normed, mlp.hidden.weight), mlp.hidden.bias);
}

fused::cuda::SumAndNorm Block::AddAttendedAndNorm(const at::Tensor& x, const at::Tensor& attended,
                                                  const ForwardContext& context) const {
  if (IsOnlyDropped(attention_scale)) {
    return fused::cuda::AddNorm(x, attended, DrawDropout(projection_dropout, context), mlp_norm);
  }
  return fused::cuda::Norm(AddResidual(x, attended, attention_scale, projection_dropout, context),
                           mlp_norm, context.fused_operands);
}

at::Tensor Block::NormAttend(const at::Tensor& x, int64_t tokens, const std::string& name,
                             const ForwardContext& context) const {
  if (context.fusion == Fusion::kNone || !attention.CanBeFused(context)) {
    return attention(attention_norm(x), tokens, name, context);
  }
  return fused::NormAttention(x, attention_norm, attention.qkv, attention.projection,
                              attention.heads, tokens, context.fused_operands);
}

at::Tensor Block::NormMlp(const at::Tensor& x, const ForwardContext& context) const {
  if (context.fusion == Fusion::kNone) return mlp(mlp_norm(x));
  return fused::NormMlp(x, mlp_norm, mlp, context.fused_operands);
}

bool Block::IsOnlyDropped(const at::Tensor& scale) const {
  return !scale.defined() && stochastic_depth == 0;
}

at::Tensor Block::AddResidual(const at::Tensor& x, const at::Tensor& branch,
                              const at::Tensor& scale, double dropout,
                              const ForwardContext& context) const {
  if (IsOnlyDropped(scale) && context.fusion == Fusion::kGpu) {
    return fused::cuda::Add(x, branch, DrawDropout(dropout, context));
  }
  if (IsOnlyDropped(scale) && context.fusion == Fusion::kCpu && context.training && dropout > 0 &&
      x.scalar_type() == at::kFloat) {
    return fused::AddDropped(x, branch, dropout, DrawDropoutKey(context));
  }
  at::Tensor result = Dropout(branch, dropout, context);
  if (scale.defined()) result = result * scale;
  return x + StochasticDepth(result, stochastic_depth, context);
}

void Block::VisitParameters(const std::string& name, ParameterVisitor visit) {
  attention_norm.VisitParameters(name + ".attention_norm", visit);
  attention.VisitParameters(name + ".attention", visit);
  if (attention_scale.defined()) visit(name + ".attention_scale", attention_scale);
  mlp_norm.VisitParameters(name + ".mlp_norm", visit);
  mlp.VisitParameters(name + ".mlp", visit);
  if (mlp_scale.defined()) visit(name + ".mlp_scale", mlp_scale);
}

}  // namespace vitrine
