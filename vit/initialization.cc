#include "vit/initialization.h"

#include <cmath>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/core/grad_mode.h"
#include "absl/strings/match.h"
#include "base/random.h"
#include "vit/config.h"

namespace vitrine {
namespace {

bool IsToken(const std::string& name) {
  return name == "class_token" || name == "distillation_token" || name == "register_tokens" ||
         name == "position_embedding";
}

bool IsNorm(const std::string& name) { return absl::StrContains(name, "norm."); }

bool IsLayerScale(const std::string& name) { return absl::EndsWith(name, "_scale"); }

// The number of inputs of the linear layer that a weight or bias belongs to.
int64_t FanIn(const ModelConfig& config, const std::string& name) {
  if (absl::StrContains(name, "patch_embedding.projection")) return PatchLength(config);
  if (absl::StrContains(name, "mlp.output")) return MlpWidth(config);
  if (absl::StartsWith(name, "head.")) return HeadInputs(config);
  return config.width();
}

// N(0, deviation^2) cut at two deviations, by inverting the distribution function.
void TruncatedNormal(double deviation, const at::Generator& generator, at::Tensor& parameter) {
  const double cut = std::erf(2 / std::sqrt(2.0));
  parameter.uniform_(-cut, cut, generator).erfinv_().mul_(deviation * std::sqrt(2.0));
}

void InitializeDrawn(const ModelConfig& config, const std::string& name,
                     const at::Generator& generator, at::Tensor& parameter) {
  const bool truncated = config.initialization() == ModelConfig::TRUNCATED_NORMAL;
  if (truncated && absl::EndsWith(name, ".bias")) {
    parameter.zero_();
  } else if (truncated) {
    TruncatedNormal(0.02, generator, parameter);
  } else if (IsToken(name)) {
    parameter.normal_(0, 1, generator);
  } else {
    const double bound = 1 / std::sqrt(static_cast<double>(FanIn(config, name)));
    parameter.uniform_(-bound, bound, generator);
  }
}

}  // namespace

void Initialize(const ModelConfig& config, const std::string& name, uint64_t seed,
                at::Tensor& parameter) {
  const at::NoGradGuard no_grad;
  if (IsNorm(name)) {
    parameter.fill_(absl::EndsWith(name, ".weight") ? 1 : 0);
  } else if (IsLayerScale(name)) {
    parameter.fill_(config.layer_scale());
  } else if (IsHead(name) && config.zero_head()) {
    parameter.zero_();
  } else {
    const uint64_t key = StreamKey(seed, "initialization/" + name);
    InitializeDrawn(config, name, at::detail::createCPUGenerator(key), parameter);
  }
}

}  // namespace vitrine
