#include "train/measure/kernel_errors.h"

#include <numeric>
#include <optional>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/bincount.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "base/tensors/autocast.h"
#include "base/tensors/tensor_map.h"
#include "glog/logging.h"
#include "train/update/autocast_type.h"
#include "vit/layers.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

constexpr double kSmallest = 1e-30;  // has a logarithm, other than 0
constexpr int kBarWidth = 30;

double RootMeanSquare(const at::Tensor& tensor) {
  return tensor.square().mean().sqrt().item<double>();
}

struct Kernels {
  at::ScalarType model;
  bool fused;
  std::optional<at::ScalarType> operands;  // of products, where not the model's
};

// Logits, and gradients by the names of their parameters.
TensorMap Differentiate(const VisionTransformer& original, const ExperimentConfig& config,
                        const Batch& batch, const Kernels& kernels) {
  const VisionTransformer model = original.Clone(kernels.model);
  const Autocast autocast(at::kCPU, kernels.fused ? std::nullopt : kernels.operands);
  ForwardContext context;
  context.training = true;
  context.dropout_keys = DropoutKeys(StreamKey(config.seed(), "dropout", 0));
  context.fusion = kernels.fused ? Fusion::kCpu : Fusion::kNone;
  context.fused_operands = kernels.operands.value_or(kernels.model);
  const at::Tensor logits = model.Forward(batch.images.to(kernels.model), context);
  at::cross_entropy_loss(logits, batch.labels).backward();
  TensorMap results = {{"logits", logits.detach()}};
  for (const NamedParameter& parameter : model.Parameters()) {
    results.emplace(parameter.name, parameter.tensor.grad());
  }
  return results;
}

ErrorHistogram Compare(const TensorMap& results, const TensorMap& exact) {
  ErrorHistogram histogram;
  for (const auto& [name, tensor] : results) histogram.Add(name, tensor, exact.at(name));
  return histogram;
}

std::string Range(int bin) {
  const int decade = ErrorHistogram::kLowestDecade + bin;
  if (bin == 0) return absl::StrFormat("below 1e%d", decade);
  if (bin == ErrorHistogram::kBins - 1) return "1 and more";
  if (decade == 0) return "1e-1 to 1";
  return absl::StrFormat("1e%d to 1e%d", decade - 1, decade);
}

// "12.3 %  ####"
std::string Share(const ErrorHistogram& histogram, int bin) {
  const double share = static_cast<double>(histogram.counts()[bin]) / histogram.count();
  return absl::StrFormat("%5.1f %%  %s", 100 * share, std::string(share * kBarWidth + 0.5, '#'));
}

}  // namespace

void ErrorHistogram::Add(const std::string& name, const at::Tensor& tensor,
                         const at::Tensor& exact) {
  const at::NoGradGuard no_grad;
  CHECK(tensor.sizes() == exact.sizes()) << name;
  const double scale = RootMeanSquare(exact);
  const at::Tensor errors = (tensor.to(at::kDouble) - exact).abs() / (scale > 0 ? scale : 1);
  const at::Tensor bins = errors.clamp_min(kSmallest).log10().floor() - (kLowestDecade - 1);
  const at::Tensor counts =
      at::bincount(bins.clamp(0, kBins - 1).to(at::kLong).flatten(), /*weights=*/{}, kBins);
  for (int i = 0; i < kBins; ++i) counts_[i] += counts[i].item<int64_t>();
  const double error = RootMeanSquare(errors);
  if (worst_name_.empty() || error > worst_error_) {
    worst_error_ = error;
    worst_name_ = name;
  }
}

int64_t ErrorHistogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

absl::StatusOr<KernelErrors> MeasureKernelErrors(const ExperimentConfig& config,
                                                 const Batch& batch) {
  ASSIGN_OR_RETURN(const VisionTransformer model,
                   VisionTransformer::Create(config.model(), config.seed()));
  const std::optional<at::ScalarType> operands = AutocastType(config.precision());
  const auto differentiate = [&](const Kernels& kernels) {
    return Differentiate(model, config, batch, kernels);
  };
  const TensorMap exact = differentiate({at::kDouble, /*fused=*/false, std::nullopt});
  return KernelErrors{
      .reference = Compare(differentiate({at::kFloat, /*fused=*/false, operands}), exact),
      .fused = Compare(differentiate({at::kFloat, /*fused=*/true, operands}), exact)};
}

std::string Describe(const KernelErrors& errors) {
  std::string text = absl::StrFormat("%-14s %-39s %s\n", "error", "REFERENCE", "FUSED");
  for (int bin = 0; bin < ErrorHistogram::kBins; ++bin) {
    if (errors.reference.counts()[bin] + errors.fused.counts()[bin] == 0) continue;
    absl::StrAppend(
        &text,
        absl::StripTrailingAsciiWhitespace(absl::StrFormat(
            "%-14s %-39s %s", Range(bin), Share(errors.reference, bin), Share(errors.fused, bin))),
        "\n");
  }
  for (const auto& [kernels, histogram] :
       {std::pair("REFERENCE", &errors.reference), std::pair("FUSED", &errors.fused)}) {
    absl::StrAppendFormat(&text, "%s, worst tensor: %.2g of %s\n", kernels,
                          histogram->worst_error(), histogram->worst_name());
  }
  return text;
}

}  // namespace vitrine
