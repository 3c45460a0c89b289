#include "analysis/relevance.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analysis/attention.h"

namespace vitrine {
namespace {

// [B, T, T]
at::Tensor OfTokens(const AttentionRecord& record, const RelevanceOptions& options,
                    const TokenLayout& layout) {
  const auto weights = [&](int64_t layer) { return record.Weights(layer); };
  const auto gradients = [&](int64_t layer) { return record.Gradients(layer); };
  switch (options.method) {
    case Method::kRollout:
      return Rollout(record.depth(), weights, options.rollout, layout);
    case Method::kLastLayer:
      return LastLayer(record.depth(), weights, options.rollout.head_fusion);
    case Method::kGradient:
      return GradientRollout(record.depth(), weights, gradients);
  }
  return {};
}

}  // namespace

absl::StatusOr<Method> ParseMethod(std::string_view name) {
  if (name == "rollout") return Method::kRollout;
  if (name == "last_layer") return Method::kLastLayer;
  if (name == "gradient") return Method::kGradient;
  return absl::InvalidArgumentError(
      absl::StrCat("--method: must be rollout, last_layer or gradient, not '", name, "'"));
}

Relevance ComputeRelevance(const VisionTransformer& model, const at::Tensor& images,
                           const RelevanceOptions& options) {
  const TokenLayout layout(model.config());
  const AttentionRecord record = options.method == Method::kGradient
                                     ? RecordAttentionFor(model, images, /*classes=*/{})
                                     : RecordAttention(model, images);
  return {record.logits, PatchMaps(OfTokens(record, options, layout), layout).cpu()};
}

}  // namespace vitrine
